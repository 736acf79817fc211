/** Clients run beside a server that is in this process: not synchronously, and with settings that are the same on every machine. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface GitRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada Lovelace',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada Lovelace',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  LC_ALL: 'C',
};

/** Waits for the end of a client, whatever its exit status. */
export async function collectRun(child: ChildProcess): Promise<GitRun> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status: status ?? -1, stdout, stderr };
}
