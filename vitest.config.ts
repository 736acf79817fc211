import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: ['tests/services.ts'],
    // Unbundled, Node re-reads drizzle-orm's 179 KB package.json for each of its files: 240 MiB and 0.3 s a worker.
    server: { deps: { inline: ['drizzle-orm'] } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
