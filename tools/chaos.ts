/** `node tools/chaos.ts [--rounds 25] [--seed 1] [--away-s 60]`: kills a real server under load again and again, takes its database away, and checks the books. */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { databaseAway, killRounds } from '../server/test/chaos/rounds.ts';
import type { Verdict } from '../server/test/chaos/books.ts';
import { startPostgres } from '../server/test/support/postgres.ts';
import { freshDir } from '../server/test/support/throwaway.ts';
import { seeded } from '../server/test/vault/parts.ts';
import { wholeNumber } from './whole-number.ts';

const roundsMax = 1_000;
const awaySecondsMax = 600;
/** A start has this long to be ready after a kill (P9: 2 s on a quiet machine). */
const restartLimitMs = 20_000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    'away-s': { type: 'string', default: '60' },
    postgres: { type: 'boolean', default: false },
  },
});
const rounds = wholeNumber('rounds', values.rounds, roundsMax, 0);
const seed = wholeNumber('seed', values.seed, Number.MAX_SAFE_INTEGER, 0);
const awayS = wholeNumber('away-s', values['away-s'], awaySecondsMax, 0);

const row = (...cells: (string | number)[]): void => console.log(cells.map((cell) => String(cell).padStart(11)).join(' '));

function report(name: string, verdict: Verdict): boolean {
  console.log(`\n${name}`);
  row('requests', 'complete', 'calls', 'rows', 'unknown', 'faults');
  row(verdict.requests, verdict.complete, verdict.calls, verdict.rows, verdict.unknown, verdict.faults.length);
  for (const fault of verdict.faults.slice(0, 20)) console.log(`  ${fault}`);
  return verdict.faults.length === 0;
}

async function kills(databaseUrl: string | null): Promise<boolean> {
  const dataDir = freshDir('chaos');
  row('round', 'alive ms', 'restart ms', 'told');
  try {
    const verdict = await killRounds({
      rounds,
      draw: seeded(seed),
      dataDir,
      databaseUrl,
      onRound: (round, { aliveMs, restartMs, told }) => row(round, aliveMs, restartMs, told),
    });
    const isSound = report(
      `kill -9, ${rounds} rounds, seed ${seed}, ${databaseUrl === null ? 'embedded database' : 'PostgreSQL'}, slowest restart ${verdict.slowestRestartMs} ms`,
      verdict,
    );
    return isSound && verdict.slowestRestartMs <= restartLimitMs;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function away(): Promise<boolean> {
  const postgres = await startPostgres();
  const dataDir = freshDir('chaos');
  try {
    const isSound = !values.postgres || (await kills(await postgres.createDatabase()));
    if (awayS === 0) return isSound;
    const verdict = await databaseAway({
      dataDir,
      databaseUrl: await postgres.createDatabase(),
      awayMs: awayS * 1_000,
      pause: () => postgres.pause(),
      resume: () => postgres.resume(),
    });
    console.log(`\nwhile the database stood still: ${verdict.whileAway} requests, ${verdict.failedWhileAway} failed`);
    return report(`PostgreSQL away for ${awayS} s`, verdict) && verdict.failedWhileAway === 0 && isSound;
  } finally {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const outcomes = [rounds === 0 || (await kills(null)), (awayS === 0 && !values.postgres) || (await away())];
console.log(outcomes.every(Boolean) ? '\nsound' : '\nNOT SOUND');
process.exit(outcomes.every(Boolean) ? 0 : 1);
