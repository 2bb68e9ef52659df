/** What one request shows beside its attempts: findings and limits of its time, as far as the caller may see them; and months by their names. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Violation } from '../../src/domain/policy.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { eventsNear, writeLimitEvents, type LimitEventRow } from '../../src/storage/limit-events.ts';
import { endOfMonthName } from '../../src/storage/partitions.ts';
import { insertViolations, violationsIn } from '../../src/storage/violations.ts';
import { onBothEngines } from './engines.ts';
import { atMs, ids } from './rows.ts';

onBothEngines('beside a request', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const violation = (part: Partial<Violation>): Violation => ({
    id: ids.uuid(), atMs, policyId: ids.uuid(), policyName: 'Rule', action: 'redact', isBlocked: false, severity: 'HIGH', stage: 'prompt',
    facts: [{ rule: 'personal', name: 'email', count: 2, excerpt: 'an***om' }], requestId: ids.uuid(), workspaceId: null, repositoryId: null,
    accessKeyId: null, userId: null, connectionId: null, provider: 'openai', model: 'gpt-4o', host: 'api.openai.com', ...part,
  }); // prettier-ignore
  const event = (part: Partial<LimitEventRow>): LimitEventRow => ({
    id: ids.uuid(), atMs, limitId: null, subject: { kind: 'user', id: ids.uuid() }, kind: 'tokens', period: 'minute', event: 'refused', times: 3,
    used: 7, value: 5, ...part,
  }); // prettier-ignore

  test('findings are those of the request, in their order, for whoever may see them', async () => {
    const [userId, workspaceId, requestId] = [ids.uuid(), ids.uuid(), ids.uuid()];
    const answer = violation({ requestId, userId, workspaceId, atMs: atMs + 5, stage: 'answer', isBlocked: true, action: 'block' });
    const prompt = violation({ requestId, userId, workspaceId });
    await insertViolations(database, [answer, prompt, violation({ userId, workspaceId })]);
    expect((await violationsIn(database, requestId, 'all')).map(({ id }) => id)).toEqual([prompt.id, answer.id]);
    expect(await violationsIn(database, requestId, 'all')).toMatchObject([prompt, answer]);
    expect(await violationsIn(database, requestId, { userId, workspaceIds: [] })).toHaveLength(2);
    expect(await violationsIn(database, requestId, { userId: ids.uuid(), workspaceIds: [workspaceId] })).toHaveLength(2);
    expect(await violationsIn(database, requestId, { userId: ids.uuid(), workspaceIds: [ids.uuid()] })).toEqual([]);
    expect(await violationsIn(database, ids.uuid(), 'all')).toEqual([]);
  });

  test('limits are those of its subjects within its minutes, oldest first, never too many', async () => {
    const [user, key, other] = [ids.uuid(), ids.uuid(), ids.uuid()];
    const range = { fromMs: atMs - 60_000, toMs: atMs + 60_000 };
    const rows = [
      event({ subject: { kind: 'user', id: user }, atMs: atMs + 10 }),
      event({ subject: { kind: 'access-key', id: key }, atMs: range.fromMs, event: 'soft' }),
      event({ subject: { kind: 'user', id: user }, atMs: range.fromMs - 1 }),
      event({ subject: { kind: 'user', id: user }, atMs: range.toMs }),
      event({ subject: { kind: 'user', id: other } }),
    ];
    await writeLimitEvents(database, rows);
    expect(await eventsNear(database, [user, key], range)).toEqual([rows[1], rows[0]]);
    expect(await eventsNear(database, [], range)).toEqual([]);
    const busy = ids.uuid();
    await writeLimitEvents(
      database,
      Array.from({ length: 80 }, () => event({ subject: { kind: 'group', id: busy } })),
    );
    expect(await eventsNear(database, [busy], range)).toHaveLength(50);
  });
});

describe('the name of a month', () => {
  test.each([
    ['usage_events', 'usage_events_m202602', Date.UTC(2026, 2, 1)],
    ['usage_events', 'usage_events_m202512', Date.UTC(2026, 0, 1)],
    ['usage_events', 'usage_events_default', null],
    ['usage_events', 'policy_violations_m202602', null],
    ['usage_events', 'usage_events_m2026', null],
    ['usage_events', 'usage_events_m202602_old', null],
  ])('of %s, %s, says when it ends', (table, name, endMs) => {
    expect(endOfMonthName(table, name)).toBe(endMs);
  });
});
