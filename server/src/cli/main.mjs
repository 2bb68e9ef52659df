#!/usr/bin/env node
/**
 * The program's entry. Only this file may do something before the rest is loaded: it turns the compile cache on.
 *
 * It is plain JavaScript, since without a cache Node takes the types out of a file with a compiler of its own, which then lies in memory
 * for as long as the process lives.
 */
import { constants, enableCompileCache } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const beside = fileURLToPath(new URL('../../../node_modules/.cache/patchbay', import.meta.url));
const home = process.env['HOME'];

// Four fifths of a start are compiling. What lies in the cache is run as it is, so it lies where nobody else may write: with the packages,
// or where these are somebody else's, with the person's own files. Somebody who sets NODE_COMPILE_CACHE has said where.
for (const place of [beside, ...(home ? [path.join(home, '.cache', 'patchbay')] : [])]) {
  const { status } = enableCompileCache(place);
  if (status === constants.compileCacheStatus.FAILED) continue;
  // A thread has the cache of its process only where the environment names it.
  if (status === constants.compileCacheStatus.ENABLED) process.env['NODE_COMPILE_CACHE'] = place;
  break;
}

const { holdHeap } = await import('../lib/heap.ts');
holdHeap();
const { runProgram } = await import('./program.ts');
await runProgram(process.argv);
