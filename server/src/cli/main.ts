#!/usr/bin/env node
/** The program's entry. Only this file may do something before the rest is loaded: it turns the compile cache on. */
import { enableCompileCache } from 'node:module';
import { holdHeap } from '../lib/heap.ts';

// Four fifths of a start are compiling; the cache must be on before the first import that it should serve.
enableCompileCache();
holdHeap();
const { runProgram } = await import('./program.ts');
await runProgram(process.argv);
