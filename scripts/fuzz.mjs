/**
 * `npm run fuzz -- <target> --seconds N`: runs one fuzzer of tests/fuzz for long, and ends it when one input takes for ever.
 * Without a target, each in turn for that long. `--seed N` makes other inputs; what found something is printed with its seed
 * and number, which are all that it takes to see it again: FUZZ_TARGET=… FUZZ_SEED=… npm test -- tests/fuzz.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { allocatorSettings } from './allocator.mjs';

/** No input may keep the loop from its next heartbeat for so long. */
const SILENCE_MAX_MS = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: String(Date.now() % 1e9) } },
});
const folder = mkdtempSync(path.join(tmpdir(), 'fuzz-'));
const heartbeat = path.join(folder, 'heartbeat');

const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'tests/fuzz'], {
  stdio: 'inherit',
  detached: true,
  env: {
    ...allocatorSettings,
    ...process.env,
    ...(positionals[0] ? { FUZZ_TARGET: positionals[0] } : {}),
    FUZZ_SECONDS: values.seconds,
    FUZZ_SEED: values.seed,
    FUZZ_HEARTBEAT: heartbeat,
  },
});
const watch = setInterval(() => {
  if (!existsSync(heartbeat) || Date.now() - statSync(heartbeat).mtimeMs < SILENCE_MAX_MS) return;
  console.error(`No end to an input soon after: ${readFileSync(heartbeat, 'utf8')}`);
  process.exitCode = 1;
  end('SIGKILL');
}, 5_000);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(signal));
child.on('exit', (code) => {
  clearInterval(watch);
  rmSync(folder, { recursive: true, force: true });
  process.exitCode ||= code ?? 1;
});

/** Also the servers that vitest has started. */
function end(signal) {
  process.kill(-child.pid, signal);
}
