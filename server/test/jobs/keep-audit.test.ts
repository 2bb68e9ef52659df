/** The hourly look after the audit log: one instance at a time, its anchor said inside and outside the house, its retention behind an anchor. */
import { expect, test } from 'vitest';
import { openAudit, type AnchorNote } from '../../src/control/audit-keep.ts';
import { verifyAudit } from '../../src/control/audit-verify.ts';
import type { RetentionDays } from '../../src/domain/retention.ts';
import { keepAudit, type AuditJob } from '../../src/jobs/keep-audit.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { listAnchors } from '../../src/storage/audit-anchors.ts';
import { writeAudit } from '../../src/storage/changes.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { retentionRuns } from '../../src/storage/retention.ts';
import { putSetting } from '../../src/storage/settings.ts';
import { openAudited, testVault, type Audited } from '../support/audited.ts';
import { keptLog, onBothEngines, quiet } from '../storage/engines.ts';
import { entryOf } from '../storage/rows.ts';

const ids = createIds(systemClock);
const dayMs = 86_400_000;

/** A clock whose hours pass when the test says so. */
function steered(): { clock: Clock; pass: (ms: number) => void } {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs, every: () => ({ cancel: () => undefined }) };
  return { clock, pass: (ms) => void (aheadMs += ms) };
}

onBothEngines('the hourly look after the audit log', (bench) => {
  const begin = async (tell: ((note: AnchorNote) => Promise<void>) | null = null, retentionDays: RetentionDays = {}) => {
    const time = steered();
    const audited = await openAudited(await bench.open({ isMigrated: true }), { clock: time.clock });
    const { log, lines } = keptLog();
    const job = (of: Audited = audited): AuditJob =>
      keepAudit({ database: of.database, keeper: of.keeper, retentionDays, clock: time.clock, ids, log, tell });
    return { ...time, audited, lines, job };
  };

  test('writes an anchor an hour, on however many instances, and says it', async () => {
    const told: AnchorNote[] = [];
    const { audited, pass, job } = await begin(async (note) => void told.push(note));
    const [one, other] = [job(), job(await openAudited(audited.database.driver, { vault: audited.vault }))];
    await writeAudit(audited.database, entryOf());
    expect([await one.round(), await other.round()]).toEqual([true, false]);
    pass(3_600_000);
    await writeAudit(audited.database, entryOf());
    expect(await other.round()).toBe(true);
    const anchors = (await listAnchors(audited.database)).filter(({ kind }) => kind === 'hourly');
    expect(anchors.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(told.map(({ seq, hash }) => ({ seq, hash }))).toEqual(anchors.map(({ seq, hash }) => ({ seq, hash })));
    expect(await verifyAudit(audited)).toMatchObject({ isSound: true, lastAnchor: { seq: 2 } });
  });

  test('says the anchor in the log, in the form that the verifier takes', async () => {
    const time = steered();
    const kept = keptLog();
    const driver = await bench.open({ isMigrated: true });
    const database = createDatabase(driver);
    const keeper = await openAudit({ database, vault: testVault(), clock: time.clock, ids, log: kept.log });
    await writeAudit(database, entryOf());
    const { seq, hash, mac } = await keeper.anchor('hourly');
    expect(kept.lines.at(-1)).toMatchObject({ auditAnchor: `${seq}:${hash}`, seq: 1, hash, mac });
  });

  test('goes on where nobody hears the anchor, and where the database does not answer', async () => {
    const { audited, pass, job, lines } = await begin(() => Promise.reject(new Error('nobody listens')));
    const one = job();
    expect(await one.round()).toBe(true);
    expect(lines.some(({ msg }) => msg === 'the anchor of the audit log could not be told')).toBe(true);
    pass(3_600_000);
    const { driver } = audited.database;
    const away = {
      ...audited,
      database: { ...audited.database, driver: { ...driver, run: () => Promise.reject(new StorageUnavailable('away')) } },
    };
    expect(await job(away).round()).toBe(false);
    expect(lines.some(({ msg }) => msg === 'the audit log could not be anchored; tried again later')).toBe(true);
    expect(await one.round()).toBe(true);
  });

  test('lets entries go that are older than ninety days, or than the setting says, and none where they are kept for ever', async () => {
    const { audited, clock, pass, job } = await begin();
    const { database } = audited;
    const nowMs = clock.nowMs();
    for (const days of [100, 91, 89, 10]) await writeAudit(database, entryOf({ atMs: nowMs - days * dayMs }));
    const left = async (): Promise<number> => {
      const [row] = await database.driver.rows<{ n: number }>({
        sql: "SELECT count(*) AS n FROM audit_entries WHERE action = 'thing.change'",
        params: [],
      });
      return row!.n;
    };
    const set = (value: string) => database.driver.write([putSetting(database, 'audit_retention_days', value, nowMs)]);
    const one = job();
    await set('forever');
    await one.round();
    expect(await left()).toBe(4);
    await database.driver.script("DELETE FROM settings WHERE key = 'audit_retention_days'");
    pass(3_600_000);
    await one.round();
    expect(await left()).toBe(2);
    await set('30');
    pass(3_600_000);
    await one.round();
    expect(await left()).toBe(1);
    expect(await verifyAudit(audited)).toMatchObject({ isSound: true, retainedFromSeq: 3 });
    // The list of all that is kept says so too; a round that keeps for ever leaves no note.
    expect(await retentionRuns(database)).toMatchObject([{ noun: 'audit', keptDays: 30, removedTotal: 3, isBehind: false }]);
  });

  test("the environment's word goes before the saved one, and the chain stays sound", async () => {
    const { audited, clock, job } = await begin(null, { audit: 7 });
    const { database } = audited;
    const nowMs = clock.nowMs();
    for (const days of [20, 10, 3]) await writeAudit(database, entryOf({ atMs: nowMs - days * dayMs }));
    await database.driver.write([putSetting(database, 'audit_retention_days', 'forever', nowMs)]);
    await job().round();
    expect(await retentionRuns(database)).toMatchObject([{ noun: 'audit', keptDays: 7, removed: 2 }]);
    expect(await verifyAudit(audited)).toMatchObject({ isSound: true, retainedFromSeq: 2 });
  });

  test('nothing of it is old for an instance whose clock is years ahead of the database', async () => {
    const { audited, clock, pass } = await begin();
    const { database, keeper } = audited;
    const rightMs = clock.nowMs();
    for (const days of [20, 10, 3]) await writeAudit(database, entryOf({ atMs: rightMs - days * dayMs }));
    pass(1_000 * dayMs);
    const parts = { database, keeper, retentionDays: { audit: 7 }, clock, otherNowMs: async () => rightMs, ids, log: quiet, tell: null };
    const one = keepAudit(parts);
    await one.round();
    await one.close();
    expect(await retentionRuns(database)).toMatchObject([{ noun: 'audit', removed: 2 }]);
    expect(await verifyAudit(audited)).toMatchObject({ isSound: true, retainedFromSeq: 2 });
  });

  test('ends with a last anchor, and leaves the turn to the next', async () => {
    const told: AnchorNote[] = [];
    const { audited, job } = await begin(async (note) => void told.push(note));
    const one = job();
    await one.round();
    await writeAudit(audited.database, entryOf());
    await one.close();
    expect(told.at(-1)).toMatchObject({ seq: 1 });
    expect((await listAnchors(audited.database)).at(-1)).toMatchObject({ kind: 'shutdown', seq: 1 });
    expect(await job().round()).toBe(true);
  });
});
