/** Chromium for the tests in `tests/e2e`. */
import { type Browser, chromium } from 'playwright-core';
import { findProgram } from './server-process.ts';

const executablePath = findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');

/** For `describe.skipIf(!hasBrowser)`; with REQUIRE_SERVICES=1 a missing browser fails the run. */
export const hasBrowser = executablePath !== undefined;

if (!hasBrowser && process.env['REQUIRE_SERVICES'] === '1') {
  throw new Error(
    'browser tests need Chromium (apt-get install chromium), and REQUIRE_SERVICES=1 forbids skipping them',
  );
}

export function launchBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('no Chromium: guard the suite with describe.skipIf(!hasBrowser)');
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}
