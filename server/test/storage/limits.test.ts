/** Limits at rest on both engines, with what holds for all of them and the events that they leave. */
import { beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { currentRevision } from '../../src/storage/connections.ts';
import { eventsOn, writeLimitEvents, type LimitEventRow } from '../../src/storage/limit-events.ts';
import {
  deleteLimit,
  insertLimit,
  limitById,
  limitsAbove,
  limitSettingsAbove,
  limitSettingsOf,
  limitsOn,
  listLimits,
  putLimitSettings,
  updateLimit,
  type LimitRecord,
} from '../../src/storage/limits.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, ids } from './rows.ts';

const recordOf = (part: Partial<LimitRecord> = {}): Omit<LimitRecord, 'revision'> & { revision: number } => ({
  id: ids.uuid(),
  subject: { kind: 'user', id: ids.uuid() },
  kind: 'requests',
  period: 'minute',
  value: 60,
  softPercent: 80,
  isShadow: false,
  level: 'owner',
  createdBy: ids.uuid(),
  createdAtMs: atMs,
  updatedAtMs: atMs,
  revision: 0,
  ...part,
});

onBothEngines('limits', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const put = async (record: LimitRecord): Promise<LimitRecord> => {
    await change(database, [insertLimit(database, record)]);
    return { ...record, revision: await currentRevision(database) };
  };

  test('come back as they were set, and by their subject', async () => {
    const money = await put(
      recordOf({
        kind: 'money',
        period: 'month',
        value: Number.MAX_SAFE_INTEGER,
        softPercent: null,
        isShadow: true,
        level: 'administrator',
      }),
    );
    expect(await limitById(database, money.id)).toEqual(money);
    const flight = await put(recordOf({ subject: money.subject, kind: 'concurrent', period: 'none', value: 1 }));
    expect(await limitsOn(database, money.subject)).toEqual([money, flight]);
    expect(await limitsOn(database, { kind: 'workspace', id: money.subject.id })).toEqual([]);
    expect(await limitById(database, ids.uuid())).toBeUndefined();
  });

  test('of one kind, period and level there is one on a subject; the owner’s and the administrators’ stand beside each other', async () => {
    const first = await put(recordOf());
    await expect(put(recordOf({ subject: first.subject }))).rejects.toMatchObject({ name: 'UniqueViolation', constraint: 'limits_meter' });
    await put(recordOf({ subject: first.subject, level: 'administrator' }));
    await change(database, [deleteLimit(database, first, atMs + 1)]);
    await put(recordOf({ subject: first.subject }));
  });

  test.each([
    { kind: 'money' as const, period: 'minute' as const },
    { kind: 'requests' as const, period: 'day' as const },
    { kind: 'concurrent' as const, period: 'minute' as const },
    { value: -1 },
    { softPercent: 100 },
  ])('%j is refused by the table itself', async (part) => {
    await expect(put(recordOf(part))).rejects.toBeInstanceOf(Error);
  });

  test('a change from an older state, or of one that is gone, fails as such', async () => {
    const before = await put(recordOf());
    await change(database, [updateLimit(database, { ...before, value: 5, softPercent: null, isShadow: true }, atMs + 5)]);
    const after = (await limitById(database, before.id))!;
    expect(after).toMatchObject({ value: 5, softPercent: null, isShadow: true, updatedAtMs: atMs + 5 });
    await expect(change(database, [updateLimit(database, { ...before, value: 9 }, atMs)])).rejects.toMatchObject({
      name: 'StaleWrite',
      label: 'limit',
    });
    await change(database, [deleteLimit(database, after, atMs + 6)]);
    expect(await limitById(database, before.id)).toBeUndefined();
    for (const step of [updateLimit(database, after, atMs), deleteLimit(database, after, atMs)])
      await expect(change(database, [step])).rejects.toMatchObject({ name: 'StaleWrite', label: 'limit' });
  });

  test('what changed above a revision is told to the snapshot, also what was taken away', async () => {
    const from = await currentRevision(database);
    const [kept, gone] = [await put(recordOf()), await put(recordOf())];
    await change(database, [deleteLimit(database, gone, atMs)]);
    const rows = await limitsAbove(database, from);
    expect(rows.map(({ id, isGone }) => [id, isGone])).toEqual([
      [kept.id, false],
      [gone.id, true],
    ]);
    expect(rows[0]!.limit).toMatchObject({ subject: kept.subject, kind: 'requests', value: 60 });
    expect(await limitsAbove(database, await currentRevision(database))).toEqual([]);
  });

  test('are listed newest first, page by page, and by the kind of their subject', async () => {
    const group = { kind: 'group' as const, id: ids.uuid() };
    const made = [
      await put(recordOf({ subject: group })),
      await put(recordOf({ subject: group, kind: 'tokens' })),
      await put(recordOf({ subject: group, kind: 'concurrent', period: 'none' })),
    ];
    const first = await listLimits(database, { limit: 2, subjectKind: 'group' });
    const rest = await listLimits(database, { limit: 2, subjectKind: 'group', cursor: first.at(-1)!.id });
    expect([...first, ...rest].map(({ id }) => id)).toEqual(made.map(({ id }) => id).toReversed());
    expect((await listLimits(database, { limit: 100 })).length).toBeGreaterThan(3);
  });

  test('what holds for all of them begins with UTC, and is saved against lost changes', async () => {
    expect(await limitSettingsOf(database)).toEqual({ timeZone: 'UTC', outputTokensCeiling: null, revision: 0 });
    expect(await limitSettingsAbove(database, -1)).toBeUndefined();
    await change(database, [putLimitSettings(database, { timeZone: 'Asia/Jakarta', outputTokensCeiling: 500, revision: 0 }, atMs)]);
    const saved = await limitSettingsOf(database);
    expect(saved).toEqual({ timeZone: 'Asia/Jakarta', outputTokensCeiling: 500, revision: await currentRevision(database) });
    expect(await limitSettingsAbove(database, saved.revision - 1)).toEqual(saved);
    expect(await limitSettingsAbove(database, saved.revision)).toBeUndefined();
    const stale = putLimitSettings(database, { ...saved, revision: saved.revision - 1 }, atMs);
    await expect(change(database, [stale])).rejects.toMatchObject({ name: 'StaleWrite', label: 'limit-settings' });
    await change(database, [putLimitSettings(database, { ...saved, outputTokensCeiling: null }, atMs)]);
    expect(await limitSettingsOf(database)).toMatchObject({ timeZone: 'Asia/Jakarta', outputTokensCeiling: null });
  });

  test('events come newest first, and go when they are a month old', async () => {
    const subject = { kind: 'connection' as const, id: ids.uuid() };
    const event = (part: Partial<LimitEventRow>): LimitEventRow => ({
      id: ids.uuid(),
      atMs,
      limitId: null,
      subject,
      kind: 'money',
      period: 'day',
      event: 'soft',
      times: 1,
      used: 80,
      value: 100,
      ...part,
    });
    const rows = [
      event({}),
      event({ atMs: atMs + 5, event: 'refused', times: 3, limitId: ids.uuid() }),
      event({ atMs: atMs + 9, event: 'shadow' }),
    ];
    await writeLimitEvents(database, rows);
    expect(await eventsOn(database, subject, { sinceMs: 0, limit: 10 })).toEqual(rows.toReversed());
    expect(await eventsOn(database, subject, { sinceMs: atMs + 5, limit: 1 })).toEqual([rows[2]]);
  });
});
