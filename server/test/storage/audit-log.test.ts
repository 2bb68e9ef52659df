/** The audit log as it is read, and what is kept beside it: filters, pages, anchors, keys and histories, the same on both engines. */
import { beforeAll, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/domain/audit.ts';
import {
  auditKeyOf,
  deleteCovered,
  insertAnchor,
  linkedRows,
  listAnchors,
  oldUpTo,
  putAuditKey,
  replaceAuditKey,
  unlinkedRows,
  type Anchor,
} from '../../src/storage/audit-anchors.ts';
import { listAudit, type AuditFilter, type AuditPlace } from '../../src/storage/audit-log.ts';
import { writeAudit, writeChange } from '../../src/storage/changes.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import { listRevisions, revisionsMax, typesChangedAbove } from '../../src/storage/object-revisions.ts';
import { openAudited } from '../support/audited.ts';
import { onBothEngines } from './engines.ts';
import { atMs, entryOf, ids } from './rows.ts';

const ada = { userId: ids.uuid(), name: 'Ada Lovelace', role: 'administrator', via: 'session' } as const;
const ben = { userId: ids.uuid(), name: '50%_Ben', role: 'user', via: 'token' } as const;
const workspace = { scope: 'workspace', id: ids.uuid() } as const;
const requestId = ids.uuid();

/** Ten entries, a second apart, of every kind that a filter tells from others. */
const entries: AuditEntry[] = [
  { actor: ada, action: 'connection.create', subjectType: 'connection', subjectId: 'c1', subjectName: 'OpenAI — Production' },
  { actor: ada, action: 'connection.models.pull', subjectType: 'connection', subjectId: 'c1', subjectName: 'OpenAI — Production' },
  { actor: ben, action: 'access-key.create', subjectType: 'access-key', subjectId: 'k1', subjectName: 'script', owner: workspace },
  {
    actor: ben,
    action: 'access.refused',
    subjectType: 'route',
    subjectName: 'GET /api/admin/users',
    outcome: 'refused' as const,
    errorCode: 'FORBIDDEN',
  },
  { actor: null, action: 'session.sign-in', subjectType: 'user', subjectName: 'eve@example.org', outcome: 'refused' as const },
  { actor: ada, action: 'connection.test', subjectType: 'connection', subjectId: 'c2', subjectName: 'Local', outcome: 'failed' as const },
  { actor: ada, action: 'policy.update', subjectType: 'policy', subjectId: 'p1', subjectName: 'No keys in Łódź', owner: workspace },
  { actor: ada, action: 'connection.update', subjectType: 'connection', subjectId: 'c1', subjectName: 'OpenAI — Production' },
  { actor: ben, action: 'token.create', subjectType: 'token', subjectId: 't1', subjectName: 'ci' },
  { actor: ada, action: 'connections', subjectType: 'connection', subjectId: 'c9', subjectName: 'Elsewhere' },
].map((part, at) =>
  entryOf({
    ...part,
    atMs: atMs + at * 1_000,
    durationMs: at,
    origin: { requestId: at === 7 ? requestId : ids.uuid(), address: '192.0.2.1', agent: 'test' },
  }),
);

onBothEngines('reading the audit log', (bench) => {
  let database: Database;
  beforeAll(async () => {
    ({ database } = await openAudited(await bench.open({ isMigrated: true })));
    for (const entry of entries) await writeAudit(database, entry);
  });
  const found = async (filter: AuditFilter): Promise<number[]> =>
    (await listAudit(database, filter, null, 100)).map(({ id }) => entries.findIndex((entry) => entry.id === id));

  test('gives back all that was written, newest first', async () => {
    const [newest, ...rest] = await listAudit(database, {}, null, 100);
    expect(rest.length).toBe(9);
    expect(newest).toMatchObject({
      id: entries[9]!.id,
      seq: 10,
      atMs: atMs + 9_000,
      actor: { id: ada.userId, name: 'Ada Lovelace', role: 'administrator' },
      via: 'session',
      subjectName: 'Elsewhere',
      outcome: 'success',
      durationMs: 9,
      address: '192.0.2.1',
      changes: null,
    });
    expect(rest.at(-5)).toMatchObject({ actor: null, via: 'anonymous' });
  });

  const filters: [string, AuditFilter, number[]][] = [
    ['a person by id', { actor: ben.userId }, [8, 3, 2]],
    ['a person by id in capitals', { actor: ben.userId.toUpperCase() }, [8, 3, 2]],
    ['a part of a name in any case', { actor: 'LOVE' }, [9, 7, 6, 5, 1, 0]],
    ['a name with the signs of a pattern', { actor: '%_' }, [8, 3, 2]],
    ['a pattern that is no name', { actor: '%a%' }, []],
    ['one deed', { action: 'connection.update' }, [7]],
    ['a deed of two parts', { action: 'connection.models.pull' }, [1]],
    ['all deeds of an area, and of no other that begins so', { action: 'connection' }, [7, 5, 1, 0]],
    ['an area that is the beginning of another', { action: 'access' }, [3]],
    ['a kind of object', { subjectType: 'token' }, [8]],
    ['one object', { subjectType: 'connection', subjectId: 'c1' }, [7, 1, 0]],
    ['a part of its name', { object: 'openai — prod' }, [7, 1, 0]],
    ['a name that begins with a letter beyond ASCII', { object: 'Łódź' }, [6]],
    ['what was refused', { outcome: 'refused' }, [4, 3]],
    ['what failed', { outcome: 'failed' }, [5]],
    ['one request', { requestId }, [7]],
    ['from a moment on', { fromMs: atMs + 8_000 }, [9, 8]],
    ['up to a moment, without it', { toMs: atMs + 2_000 }, [1, 0]],
    ['a workspace', { workspaceId: workspace.id }, [6, 2]],
    ['several of these', { workspaceId: workspace.id, actor: 'ada', fromMs: atMs }, [6]],
    ['what nobody did', { actor: ids.uuid() }, []],
  ];
  test.each(filters)('finds %s', async (_name, filter, expected) => {
    expect(await found(filter)).toEqual(expected);
  });

  test('in pages that meet without a gap, also where many entries are of one moment', async () => {
    const others = createDatabase(database.driver);
    others.audit = database.audit!;
    for (let n = 0; n < 7; n++) await writeAudit(others, entryOf({ atMs, action: 'same.moment' }));
    const whole = (await listAudit(database, {}, null, 100)).map(({ id }) => id);
    const pages: string[] = [];
    let after: AuditPlace | null = null;
    for (let page = 0; page < 20; page++) {
      const rows = await listAudit(database, {}, after, 3);
      pages.push(...rows.map(({ id }) => id));
      const last = rows.at(-1);
      if (!last) break;
      after = { atMs: last.atMs, id: last.id };
    }
    expect(pages).toEqual(whole);
    expect(new Set(pages).size).toBe(17);
  });
});

onBothEngines('what stands beside the audit log', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('anchors come in the order of what they cover', async () => {
    const anchor = (seq: number, at: number, kind: Anchor['kind']): Anchor => ({
      atMs: at,
      kind,
      seq,
      hash: 'a'.repeat(64),
      entries: seq,
      mac: 'b'.repeat(64),
    });
    const all = [anchor(5, 30, 'hourly'), anchor(0, 10, 'opened'), anchor(5, 20, 'shutdown'), anchor(2, 40, 'retention')];
    for (const one of all) await database.driver.write([insertAnchor(database, ids.uuid(), one)]);
    expect(await listAnchors(database)).toEqual([all[1], all[3], all[2], all[0]]);
  });

  test('the key is there once: whoever comes second is told, and a box is exchanged only for the one that was read', async () => {
    expect(await auditKeyOf(database)).toBe(undefined);
    await database.driver.write([putAuditKey(database, 'box one', undefined, 1)]);
    await expect(database.driver.write([putAuditKey(database, 'box two', undefined, 1)])).rejects.toBeInstanceOf(StaleWrite);
    await expect(database.driver.write([putAuditKey(database, 'box two', 'another box', 1)])).rejects.toBeInstanceOf(StaleWrite);
    await database.driver.write([replaceAuditKey(database, 'another box', 'box three')]);
    expect(await auditKeyOf(database)).toBe('box one');
    await database.driver.write([replaceAuditKey(database, 'box one', 'box three')]);
    expect(await auditKeyOf(database)).toBe('box three');
  });

  test('entries from before the chain are read by time, those of the chain by number, each in pages', async () => {
    for (const at of [30, 10, 20, 20]) await writeAudit(database, entryOf({ atMs: at }));
    const first = await unlinkedRows(database, null, 3);
    expect(first.map(({ values }) => values[1])).toEqual([10, 20, 20]);
    const last = first.at(-1)!.values;
    const rest = await unlinkedRows(database, { atMs: Number(last[1]), id: String(last[0]) }, 3);
    expect(rest.map(({ values }) => values[1])).toEqual([30]);
    expect(await linkedRows(database, 0, 100, 10)).toEqual([]);
  });
});

onBothEngines('what retention may take', (bench) => {
  test('is nothing where the oldest is too young, and a whole beginning where it is not', async () => {
    const { database } = await openAudited(await bench.open({ isMigrated: true }));
    expect(await oldUpTo(database, 1_000)).toBe(null);
    // Clocks of instances differ: one entry says an earlier time than the one before it.
    for (const at of [100, 300, 200, 400]) await writeAudit(database, entryOf({ atMs: at }));
    expect(await oldUpTo(database, 50)).toBe(null);
    expect(await oldUpTo(database, 250)).toMatchObject({ seq: 1, entries: 1 });
    expect(await oldUpTo(database, 350)).toMatchObject({ seq: 3, entries: 3 });
    expect(await oldUpTo(database, 9_999)).toMatchObject({ seq: 4, entries: 4 });
    await expect(deleteCovered(database, 3)).rejects.toThrow(/audit|point nowhere/);
    expect((await linkedRows(database, 0, 100, 10)).length).toBe(4);
  });
});

onBothEngines('the history of an object', (bench) => {
  test('is its own, newest first, with what it was found as, and never longer than can be read', async () => {
    const { database } = await openAudited(await bench.open({ isMigrated: true }));
    const subject = (id: string) =>
      entryOf({ actor: ada, action: 'thing.update', subjectType: 'thing', subjectId: id, subjectName: id, owner: workspace });
    for (let n = 0; n < revisionsMax + 5; n++) await writeChange(database, [], subject('long'), { after: { n } });
    const { revision } = await writeChange(database, [], subject('short'), {
      before: { revision: 1, atMs: 5, state: { size: 'was' } },
      after: { size: 'is' },
    });
    expect(await listRevisions(database, 'thing', 'short')).toEqual([
      {
        revision,
        atMs,
        actor: { id: ada.userId, name: ada.name },
        action: 'thing.update',
        name: 'short',
        owner: workspace,
        state: { size: 'is' },
      },
      { revision: 1, atMs: 5, actor: null, action: null, name: 'short', owner: workspace, state: { size: 'was' } },
    ]);
    const long = await listRevisions(database, 'thing', 'long');
    expect(long.map(({ state }) => state?.['n'])).toEqual(Array.from({ length: revisionsMax }, (_, at) => revisionsMax + 4 - at));
    expect(await listRevisions(database, 'other', 'short')).toEqual([]);
    expect(await typesChangedAbove(database, ['other', 'thing'], revision - 1)).toEqual(['thing']);
    expect(await typesChangedAbove(database, ['other', 'thing'], revision)).toEqual([]);
    expect(await typesChangedAbove(database, ['other'], 0)).toEqual([]);
    const both = await listRevisions(database, 'thing', 'short', 'long');
    expect(both.map(({ revision }) => revision)).toEqual(both.map(({ revision }) => revision).toSorted((a, b) => b - a));
    expect(both.length).toBe(Math.min(revisionsMax, long.length + 2));
  });

  test('says a state once: what was found as it was left is no state of its own', async () => {
    const { database } = await openAudited(await bench.open({ isMigrated: true }));
    const entry = () => entryOf({ subjectType: 'thing', subjectId: 'x', action: 'thing.update' });
    const first = await writeChange(database, [], entry(), { after: { a: 1 } });
    // Its revision was raised by something else meanwhile, which changed nothing of what people set.
    await writeChange(database, [], entry(), { before: { revision: first.revision + 1, atMs: 7, state: { a: 1 } }, after: { a: 2 } });
    await writeChange(database, [], entry(), { before: { revision: 99, atMs: 8, state: { a: 5 } }, after: { a: 6 } });
    const states = (await listRevisions(database, 'thing', 'x')).map(({ state, action }) => [state?.['a'], action]);
    expect(states).toContainEqual([5, null]);
    expect(states.filter(([value]) => value === 1)).toEqual([[1, 'thing.update']]);
  });
});
