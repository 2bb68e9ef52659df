/** Lists of violations: every filter, their order, their pages, the names they are shown with, and batches of any size, on both engines. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Violation } from '../../src/domain/policy.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { forgetChunk, sweptRowsMax } from '../../src/storage/retention.ts';
import { countViolations, insertViolations, listViolations, type ViolationQuestion } from '../../src/storage/violations.ts';
import { onBothEngines } from './engines.ts';
import { atMs, hostileTexts, ids, newKey, newPerson, newWorkspace } from './rows.ts';

/** One chunk of what is older than a moment. */
const sweepViolations = async (database: Database, beforeMs: number): Promise<number> =>
  (await forgetChunk(database, 'policy-findings', beforeMs, null)).removed;

onBothEngines('violations', (bench) => {
  let database: Database;
  let userId: string;
  let workspaceId: string;
  let accessKeyId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database, { name: 'Budi' });
    workspaceId = await newWorkspace(database, 'Marketing');
    accessKeyId = (await newKey(database, userId, { name: 'web-prod' })).id;
  });

  const violation = (part: Partial<Violation> = {}): Violation => ({
    id: ids.uuid(),
    atMs,
    policyId: ids.uuid(),
    policyName: 'Rule',
    action: 'log',
    isBlocked: false,
    severity: 'LOW',
    stage: 'prompt',
    facts: [],
    requestId: ids.uuid(),
    workspaceId: null,
    repositoryId: null,
    accessKeyId: null,
    userId: null,
    connectionId: null,
    provider: null,
    model: null,
    host: null,
    ...part,
  });
  const list = (question: Partial<ViolationQuestion>) => listViolations(database, { visibility: 'all', skip: 0, take: 100, ...question });

  describe('filters', () => {
    const policyId = ids.uuid();
    const repositoryId = ids.uuid();
    let all: Violation[];
    beforeAll(async () => {
      all = [
        violation({ policyId, atMs, severity: 'LOW', action: 'log', provider: 'openai', model: 'a', host: 'one', workspaceId }),
        violation({ policyId, atMs: atMs + 1, severity: 'MEDIUM', action: 'alert', provider: 'gemini', model: 'b', host: 'two' }),
        violation({
          policyId,
          atMs: atMs + 2,
          severity: 'HIGH',
          action: 'block',
          isBlocked: true,
          provider: 'openai',
          model: 'b',
          repositoryId,
        }),
        violation({ policyId, atMs: atMs + 3, severity: 'HIGH', action: 'redact', stage: 'answer' }),
      ];
      await insertViolations(database, all);
    });

    test.each([
      ['nothing else', {}, [3, 2, 1, 0]],
      ['one severity', { severities: ['HIGH'] }, [3, 2]],
      ['two severities', { severities: ['LOW', 'MEDIUM'] }, [1, 0]],
      ['an empty list is no filter', { severities: [] }, [3, 2, 1, 0]],
      ['a provider', { providers: ['openai'] }, [2, 0]],
      ['several providers', { providers: ['openai', 'gemini'] }, [2, 1, 0]],
      ['a model', { models: ['b'] }, [2, 1]],
      ['a host', { hosts: ['one'] }, [0]],
      ['what was blocked', { isBlocked: true }, [2]],
      ['what was not', { isBlocked: false }, [3, 1, 0]],
      ['an action', { actions: ['alert'] }, [1]],
      ['several actions', { actions: ['block', 'redact'] }, [3, 2]],
      ['from a moment on', { fromMs: atMs + 2 }, [3, 2]],
      ['before a moment', { toMs: atMs + 2 }, [1, 0]],
      ['between two', { fromMs: atMs + 1, toMs: atMs + 2 }, [1]],
      ['several at once', { severities: ['HIGH'], providers: ['openai'], isBlocked: true }, [2]],
      ['what fits nothing', { models: ['c'] }, []],
    ] as const)('%s', async (_, question, expected) => {
      const { rows, total } = await list({ policyId, ...question });
      expect(rows.map(({ id }) => all.findIndex((one) => one.id === id))).toEqual([...expected]);
      expect(total).toBe(expected.length);
    });

    test('a workspace, and a repository', async () => {
      expect((await list({ policyId, workspaceId })).rows.map(({ id }) => id)).toEqual([all[0]!.id]);
      expect((await list({ policyId, repositoryId })).rows.map(({ id }) => id)).toEqual([all[2]!.id]);
    });

    test('pages follow one another without a gap, and the total is of all of them', async () => {
      const seen: string[] = [];
      for (let skip = 0; skip < 6; skip += 2) {
        const { rows, total } = await list({ policyId, skip, take: 2 });
        seen.push(...rows.map(({ id }) => id));
        expect(total).toBe(4);
      }
      expect(seen).toEqual(all.map(({ id }) => id).toReversed());
    });
  });

  test('several of one moment stand in one order, page by page', async () => {
    const policyId = ids.uuid();
    await insertViolations(
      database,
      Array.from({ length: 7 }, () => violation({ policyId })),
    );
    const whole = (await list({ policyId })).rows.map(({ id }) => id);
    const paged: string[] = [];
    for (let skip = 0; skip < 7; skip++) paged.push(...(await list({ policyId, skip, take: 1 })).rows.map(({ id }) => id));
    expect(paged).toEqual(whole);
    expect(whole).toEqual(whole.toSorted().toReversed());
  });

  test('names are those of now, and of what is gone there is none', async () => {
    const policyId = ids.uuid();
    await insertViolations(database, [
      violation({ policyId, atMs: atMs + 1, userId, workspaceId, accessKeyId }),
      violation({ policyId, userId: ids.uuid(), workspaceId: ids.uuid(), accessKeyId: ids.uuid(), repositoryId: ids.uuid() }),
    ]);
    const { rows } = await list({ policyId });
    expect(rows).toMatchObject([
      { userName: 'Budi', workspaceName: 'Marketing', accessKeyName: 'web-prod', repositoryName: null },
      { userName: null, workspaceName: null, accessKeyName: null, repositoryName: null },
    ]);
  });

  test('hostile texts are kept as they are, and are nothing but texts in a filter', async () => {
    const policyId = ids.uuid();
    const texts = hostileTexts.map((text) => text.slice(0, 200)).filter((text) => text !== '');
    const all = texts.map((text, at) =>
      violation({
        policyId,
        atMs: atMs - at,
        policyName: text,
        model: text,
        facts: [{ rule: 'keyword', name: text, count: 1, excerpt: null }],
      }),
    );
    await insertViolations(database, all);
    expect((await list({ policyId })).rows.map(({ policyName, model, facts }) => [policyName, model, facts[0]!.name])).toEqual(
      texts.map((text) => [text, text, text]),
    );
    for (const text of texts) expect((await list({ policyId, models: [text] })).total).toBe(texts.filter((one) => one === text).length);
  });

  test('a batch of nothing is no question to the database', async () => {
    await expect(insertViolations(database, [])).resolves.toBeUndefined();
  });

  test('of many ids each is counted by itself', async () => {
    const policyIds = Array.from({ length: 700 }, () => ids.uuid());
    await insertViolations(
      database,
      policyIds.map((policyId, at) => violation({ policyId, isBlocked: at % 2 === 0, action: 'block' })),
    );
    const counts = await countViolations(database, 'policy_id', policyIds);
    expect(counts.size).toBe(700);
    expect([...counts.values()].reduce((sum, { blocks }) => sum + blocks, 0)).toBe(350);
  });

  test('sweeping takes the oldest first, so many at a time', async () => {
    const policyId = ids.uuid();
    const longAgo = Date.UTC(2020, 0, 1);
    await insertViolations(
      database,
      Array.from({ length: sweptRowsMax + 5 }, (_, at) => violation({ policyId, atMs: longAgo + at })),
    );
    expect(await sweepViolations(database, longAgo + 1_000_000)).toBe(sweptRowsMax);
    expect((await list({ policyId })).rows.map((row) => row.atMs - longAgo)).toEqual([1_004, 1_003, 1_002, 1_001, 1_000]);
    expect(await sweepViolations(database, longAgo + 1_000_000)).toBe(5);
    expect(await sweepViolations(database, longAgo + 1_000_000)).toBe(0);
  });
});
