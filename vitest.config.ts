/**
 * How the tests run: real sockets and real databases, so a few files at a time and generous limits. Which files share a process, and
 * in which order they begin, is in tools/test-order.ts.
 */
import { defineConfig } from 'vitest/config';
import { LongestFirst, projects } from './tools/test-order.ts';

export default defineConfig({
  test: {
    // A busy machine is waited for: only what does not come at all takes this long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: false,
    setupFiles: ['server/test/support/each-file.ts'],
    sequence: { sequencer: LongestFirst },
    projects: projects(import.meta.dirname).map((test) => ({ extends: true, test })),
  },
});
