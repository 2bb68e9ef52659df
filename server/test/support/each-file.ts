/**
 * Runs before each test file. A process runs many files, because to start one and to load what the house stands on takes longer
 * than most files do; so each begins with modules of its own, with nothing in them, and leaves nothing: no house, no database, no
 * folder, no variable of the environment.
 */
import { afterAll, vi } from 'vitest';
import { leaveNothing } from './leavings.ts';

vi.resetModules();

const environment = { ...process.env };

// The first hook of a file is the last one that runs.
afterAll(async () => {
  const added = Object.keys(process.env).filter((name) => !(name in environment));
  for (const name of added) delete process.env[name];
  Object.assign(process.env, environment);
  await leaveNothing();
});
