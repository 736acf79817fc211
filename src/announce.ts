/** What the start says to the person at the terminal; the log has it for machines, without the code. */
import type { Context } from './context.ts';

export function announce(publicUrl: URL, setup: Context['setup']): void {
  console.log(`OpenCodeHub is at ${publicUrl.origin}`);
  if (setup.kind !== 'waiting') return;
  console.log(`To create its administrator, open ${publicUrl.origin}/setup and enter the code ${setup.code}`);
}
