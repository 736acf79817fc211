/** The built server as a process of its own, the way users run it: what end-to-end and lifecycle tests talk to. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { allocatorSettings } from '../../scripts/allocator.mjs';
import { findFreePort } from './server-process.ts';

const START_TIMEOUT_MS = 30_000;

export const PROJECT_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

export interface ForgeOptions {
  /** Settings on top of the defaults below; DATA_DIR is required unless all three services are named. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The folder to run in. Default: this project, built. */
  readonly folder?: string;
}

/** Ends with the scope that declares it by `await using`, so that a test that fails leaves nothing behind. */
export class ForgeProcess implements AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  #output: () => string;

  /** Starts a server on a free port and resolves when it is ready. @throws when it ends before, with what it wrote */
  static async start(options: ForgeOptions = {}): Promise<ForgeProcess> {
    const port = await findFreePort();
    const forge = ForgeProcess.spawn(port, options);
    for (let waitedMs = 0; !(await forge.isReady()); waitedMs += 25) {
      if (forge.child.exitCode !== null || forge.child.signalCode !== null || waitedMs > START_TIMEOUT_MS) {
        forge.child.kill('SIGKILL');
        throw new Error(`the server did not become ready:\n${forge.output}`);
      }
      await sleep(25);
    }
    return forge;
  }

  /** Starts a server and does not wait for it. */
  static spawn(port: number, options: ForgeOptions = {}): ForgeProcess {
    const folder = options.folder ?? PROJECT_FOLDER;
    const child = spawn(process.execPath, [path.join(folder, 'dist/server.js')], {
      // An empty environment but for what is said here: the developer's own settings must not reach a test.
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        PORT: String(port),
        RATE_LIMITS: 'off',
        ...allocatorSettings,
        ...options.settings,
      },
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ForgeProcess(child, `http://localhost:${port}`);
  }

  private constructor(child: ChildProcess, url: string) {
    this.child = child;
    this.url = url;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    this.#output = () => output;
  }

  /** What it has written so far, log and messages alike. */
  get output(): string {
    return this.#output();
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** Sends a signal and resolves with the exit code, or the signal that ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    return child.exitCode ?? child.signalCode;
  }
}
