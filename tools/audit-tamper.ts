/** `node tools/audit-tamper.ts [--entries 100000] [--rounds 10] [--seed 1] [--postgres]`: tampers with a long audit log and sees each time that it shows. */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { verifyAudit } from '../server/src/control/audit-verify.ts';
import { systemClock } from '../server/src/lib/clock.ts';
import { createLog } from '../server/src/lib/log.ts';
import { migrate } from '../server/src/storage/migrate.ts';
import { openDriver } from '../server/src/storage/open.ts';
import { openAudited, withoutTriggers } from '../server/test/support/audited.ts';
import { cutTail, growLog, tamper, tamperings } from '../server/test/support/audit-tampering.ts';
import { startPostgres } from '../server/test/support/postgres.ts';
import { freshDir } from '../server/test/support/throwaway.ts';
import { seeded } from '../server/test/vault/parts.ts';
import { wholeNumber } from './whole-number.ts';

const entriesMax = 2_000_000;
const roundsMax = 1_000;

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    postgres: { type: 'boolean', default: false },
  },
});
const entries = wholeNumber('entries', values.entries, entriesMax);
const rounds = wholeNumber('rounds', values.rounds, roundsMax);
const random = seeded(wholeNumber('seed', values.seed, Number.MAX_SAFE_INTEGER));
const draw = (below: number): number => Math.floor(random() * below);

const postgres = values.postgres ? await startPostgres() : null;
const dataDir = freshDir('patchbay-audit-');
const driver = await openDriver({
  databaseUrl: (await postgres?.createDatabase()) ?? null,
  dataDir,
  clock: systemClock,
  log: createLog('silent'),
});
let missed = 0;
try {
  await migrate(driver, { clock: systemClock, log: createLog('silent') });
  const audited = await openAudited(driver);
  await growLog(audited, entries);
  const anchor = await audited.keeper.anchor('hourly');
  await withoutTriggers(audited.database);
  const startedMs = systemClock.monotonicMs();
  const before = process.cpuUsage();
  const whole = await verifyAudit(audited);
  const tookMs = systemClock.monotonicMs() - startedMs;
  const { user, system } = process.cpuUsage(before);
  const each = ((user + system) / entries).toFixed(2);
  console.log(
    `${whole.checked} entries verified in ${(tookMs / 1000).toFixed(2)} s (${each} us of CPU each, the database's reading included)`,
  );
  if (!whole.isSound) throw new Error(`the untouched log does not verify: ${JSON.stringify(whole.fault)}`);
  for (const kind of tamperings) {
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const done = await tamper(audited.database, kind, entries, draw);
      const { fault } = await verifyAudit(audited);
      if (fault?.kind === done.fault.kind && fault?.seq === done.fault.seq) found += 1;
      else console.log(`  ${done.name}: ${JSON.stringify(fault)}`);
      await done.undo();
    }
    missed += rounds - found;
    console.log(`${kind}: ${found} of ${rounds} found and named`);
  }
  await cutTail(audited.database, 1 + draw(5));
  await driver.script('DELETE FROM audit_anchors WHERE seq > 0');
  const { fault } = await verifyAudit(audited, { anchors: [anchor] });
  if (fault?.kind !== 'cut') missed += 1;
  console.log(`cut tail against the anchor that left the house: ${fault?.kind === 'cut' ? 'found' : 'missed'}`);
} finally {
  await driver.close();
  rmSync(dataDir, { recursive: true, force: true });
  await postgres?.stop();
}
process.exitCode = missed === 0 ? 0 : 1;
