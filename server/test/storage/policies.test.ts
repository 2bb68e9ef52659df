/** Policies and what they found as rows: what is written is what is read, on both engines; a batch that is repeated doubles nothing. */
import { beforeAll, describe, expect, test } from 'vitest';
import { policyActions, type Policy, type Violation } from '../../src/domain/policy.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import { countPolicies, deletePolicy, insertPolicy, listPolicies, policyById, updatePolicy } from '../../src/storage/policies.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { forgetChunk } from '../../src/storage/retention.ts';
import { countViolations, insertViolations, listViolations, type ViolationQuestion } from '../../src/storage/violations.ts';
import { policyWith } from '../support/policy.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, hostileTexts, ids, newPerson, newWorkspace } from './rows.ts';

/** One chunk of what is older than a moment. */
const sweepViolations = async (database: Database, beforeMs: number): Promise<number> =>
  (await forgetChunk(database, 'policy-findings', beforeMs, null)).removed;

onBothEngines('policies', (bench) => {
  let database: Database;
  let userId: string;
  let workspaceId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    workspaceId = await newWorkspace(database, 'Team');
  });

  const policy = (part: Partial<Policy> = {}): Policy =>
    policyWith(
      { keywords: ['a b'], patterns: ['x\\d'], attachmentKinds: [] },
      { id: ids.uuid(), createdBy: userId, updatedBy: userId, createdAtMs: atMs, updatedAtMs: atMs, ...part },
    );

  test('what is written is what is read, of every action and with every text', async () => {
    for (const [at, action] of policyActions.entries()) {
      const text = hostileTexts[at % hostileTexts.length]!.slice(0, 200) || 'x';
      const one = policy({ action, name: text, content: text, judge: at % 2 === 0 ? null : { connectionId: ids.uuid(), model: text } });
      const revision = await change(database, insertPolicy(database, one));
      expect(await policyById(database, one.id)).toEqual({ ...one, revision });
    }
  });

  test('a list is of exactly one level of one place, or of all', async () => {
    const own = policy({ level: 'workspace', workspaceId });
    await change(database, insertPolicy(database, own));
    expect((await listPolicies(database, { workspaceId, repositoryId: null })).map(({ id }) => id)).toEqual([own.id]);
    expect((await listPolicies(database, { workspaceId: null, repositoryId: null })).map(({ id }) => id)).not.toContain(own.id);
    expect((await listPolicies(database, null)).length).toBe(await countPolicies(database));
  });

  test('a row whose level and place disagree is refused by the table', async () => {
    await expect(change(database, insertPolicy(database, policy({ level: 'organization', workspaceId })))).rejects.toThrow(
      /constraint|check/i,
    );
    await expect(change(database, insertPolicy(database, policy({ level: 'workspace' })))).rejects.toThrow(/constraint|check/i);
  });

  test('a change needs the revision that was read, and a deletion leaves a row that binds nobody', async () => {
    const one = policy();
    const revision = await change(database, insertPolicy(database, one));
    await expect(change(database, updatePolicy(database, one, revision - 1))).rejects.toThrow(StaleWrite);
    const next = await change(database, updatePolicy(database, { ...one, name: 'Other', isActive: false }, revision));
    expect((await loadDelta(database, revision)).policies).toMatchObject([
      { policy: { id: one.id, name: 'Other', isActive: false }, isDeleted: false },
    ]);
    await change(database, deletePolicy(database, one.id, userId, atMs + 1));
    expect(await policyById(database, one.id)).toBeUndefined();
    expect((await loadDelta(database, next)).policies).toMatchObject([{ policy: { id: one.id }, isDeleted: true }]);
    await expect(change(database, deletePolicy(database, one.id, userId, atMs + 2))).rejects.toThrow(StaleWrite);
  });

  describe('violations', () => {
    const violation = (part: Partial<Violation> = {}): Violation => ({
      id: ids.uuid(),
      atMs,
      policyId: ids.uuid(),
      policyName: 'Rule',
      action: 'log',
      isBlocked: false,
      severity: 'LOW',
      stage: 'prompt',
      facts: [{ rule: 'keyword', name: 'a b', count: 3, excerpt: null }],
      requestId: ids.uuid(),
      workspaceId,
      repositoryId: null,
      accessKeyId: null,
      userId,
      connectionId: null,
      provider: null,
      model: null,
      host: null,
      ...part,
    });
    const list = async (more: Partial<ViolationQuestion>) => listViolations(database, { visibility: 'all', skip: 0, take: 50, ...more });

    test('what is written is what is read, once, whatever is repeated', async () => {
      const policyId = ids.uuid();
      const all = [
        violation({ policyId, atMs: atMs + 1, action: 'redact', stage: 'answer' }),
        violation({ policyId, isBlocked: true, connectionId: ids.uuid(), provider: 'openai', model: 'm', host: 'h' }),
      ];
      await insertViolations(database, all);
      await insertViolations(database, all);
      const { rows, total } = await list({ policyId });
      expect(total).toBe(2);
      expect(rows).toEqual(
        all.map((one) => ({ ...one, userName: 'Ada', accessKeyName: null, repositoryName: null, workspaceName: 'Team' })),
      );
    });

    test('who sees what follows the rule of the books', async () => {
      const policyId = ids.uuid();
      await insertViolations(database, [violation({ policyId }), violation({ policyId, userId: ids.uuid(), workspaceId: null })]);
      expect((await list({ policyId })).total).toBe(2);
      expect((await list({ policyId, visibility: { userId, workspaceIds: [] } })).total).toBe(1);
      expect((await list({ policyId, visibility: { userId: ids.uuid(), workspaceIds: [workspaceId] } })).total).toBe(1);
      expect((await list({ policyId, visibility: { userId: ids.uuid(), workspaceIds: [] } })).total).toBe(0);
    });

    test('counts are by connection and by policy, and from a moment on', async () => {
      const connectionId = ids.uuid();
      await insertViolations(database, [
        violation({ connectionId, action: 'alert' }),
        violation({ connectionId, action: 'block', isBlocked: true, atMs: atMs + 10 }),
      ]);
      expect((await countViolations(database, 'connection_id', [connectionId, ids.uuid()])).get(connectionId)).toEqual({
        violations: 2,
        alerts: 1,
        blocks: 1,
      });
      expect((await countViolations(database, 'connection_id', [connectionId], atMs + 5)).get(connectionId)).toEqual({
        violations: 1,
        alerts: 0,
        blocks: 1,
      });
      expect((await countViolations(database, 'policy_id', [])).size).toBe(0);
    });

    test('what is old is swept, and nothing else', async () => {
      const policyId = ids.uuid();
      await insertViolations(database, [violation({ policyId, atMs: atMs - 1_000 }), violation({ policyId, atMs })]);
      expect(await sweepViolations(database, atMs)).toBeGreaterThanOrEqual(1);
      expect((await list({ policyId })).rows.map((row) => row.atMs)).toEqual([atMs]);
    });
  });
});
