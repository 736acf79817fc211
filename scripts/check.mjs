/**
 * `npm run check`: everything that can be said about the sources without a running server. Runs all steps, so that one report
 * names all that is wrong; `npm run check -- --fix` lets the formatters and linters mend what they can first.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const fix = process.argv.includes('--fix');

const steps = [
  ['format and lint', 'biome', ['check', ...(fix ? ['--write'] : []), '--error-on-warnings', '.']],
  ['format of pages', 'prettier', [fix ? '--write' : '--check', '--log-level=warn', 'src/**/*.astro']],
  ['types', 'astro', ['check', '--minimumFailingSeverity', 'warning', '--minimumSeverity', 'warning']],
  ['promises and switches', 'eslint', ['.', '--max-warnings=0', ...(fix ? ['--fix'] : [])]],
  ['unused code and packages', 'knip', []],
  ['unit tests and the shape of the tree', 'vitest', ['run', 'src', 'tests/tidy.test.ts']],
];

const failed = steps.filter(([title, command, args]) => {
  console.log(`\n── ${title}`);
  return spawnSync(command, args, { stdio: 'inherit' }).status !== 0;
});

console.log(
  failed.length === 0 ? '\nAll checks passed.' : `\nNot in order: ${failed.map(([title]) => title).join(', ')}.`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
