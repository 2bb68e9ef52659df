/**
 * `node tools/shake.ts [--seed 1] [--longest-ms 800] [--gap-ms 300] [files ...]`: the tests, while their processes, browsers and databases
 * stand still by chance. What fails here and not in peace waits for something by luck, or the product does. A whole run takes half an hour.
 */
import { parseArgs } from 'node:util';
import { seeded } from '../server/test/storage/ledger-records.ts';
import { runWithStandstills } from './standstills.ts';
import { wholeNumber } from './whole-number.ts';

const msMax = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    'longest-ms': { type: 'string', default: '800' },
    'gap-ms': { type: 'string', default: '300' },
  },
});
const seed = wholeNumber('seed', values.seed, 1_000_000, 0);
const longestMs = wholeNumber('longest-ms', values['longest-ms'], msMax);
const gapMs = wholeNumber('gap-ms', values['gap-ms'], msMax);

const command = [process.execPath, 'tools/test.ts', '--only', 'vitest', ...positionals];
const { code, count } = await runWithStandstills(command, { longestMs, gapMs, draw: seeded(seed) });
console.log(`${count} standstills of at most ${longestMs} ms, seed ${seed}`);
process.exitCode = code ?? 1;
