/** Git as the client of both servers, timed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GIT_ENVIRONMENT } from '../tests/support/git-run.ts';

/** Runs a program that must succeed. @returns what it wrote, without the last line break */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; input?: string | AsyncIterable<string> } = {},
): Promise<string> {
  const { cwd, input = '' } = options;
  const child = spawn(command, args, { cwd, env: { ...process.env, ...GIT_ENVIRONMENT }, stdio: 'pipe' });
  const closed = once(child, 'close');
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  child.stdin.on('error', () => undefined);
  if (typeof input === 'string') child.stdin.end(input);
  else {
    for await (const text of input) if (!child.stdin.write(text)) await once(child.stdin, 'drain');
    child.stdin.end();
  }
  const [status] = await closed;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit status ${status}\n${complaint}`);
  return output.trimEnd();
}

export function git(cwd: string, ...args: string[]): Promise<string> {
  return run('git', args, { cwd });
}

/** @returns seconds of wall time */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}
