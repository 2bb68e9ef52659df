/** S3's policies, what they found and what they alerted of, in the shapes of its documents (D-12, D-13). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listed, pathsOf, type Seen } from '../support/connections-house.ts';
import { codeOf, nowhere, openPolicyHouse, type PolicyHouse } from '../support/policy-house.ts';
import type { Resident } from '../support/house.ts';

let place: PolicyHouse;
beforeAll(async () => {
  place = await openPolicyHouse();
});
afterAll(() => place.close());

const ask = (who: Resident | null, method: string, path: string, body?: unknown): Promise<Seen> => place.ask(who, method, path, body);
const bodyWith = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'No gossip',
  content: 'Nobody gossips.',
  riskType: 'HIGH',
  actionType: 2,
  ...more,
});
async function make(more: Record<string, unknown> = {}, who = place.admin): Promise<string> {
  const answer = await ask(who, 'POST', '/policy', bodyWith(more));
  expect(answer.status).toBe(200);
  return answer.body['policyId'] as string;
}
const inWorkspace = (): Record<string, unknown> => ({ workspaceId: place.workspaceId });
const policyOf = (answer: Seen): Record<string, unknown> => answer.body['policy'] as Record<string, unknown>;
const listOf = (answer: Seen, name: string): Record<string, unknown>[] => answer.body[name] as Record<string, unknown>[];

describe('POST /policy', () => {
  test('200 with the id, and a sentence in the language of the caller', async () => {
    const body = bodyWith({ orgId: place.organizationId, rules: { keywords: ['gosip'] } });
    const answer = await place.ask(place.admin, 'POST', '/policy', body, { 'accept-language': 'id' });
    expect(answer.body).toEqual({ success: true, policyId: expect.any(String) as unknown, message: 'Kebijakan dibuat.' });
  });

  test('200 words alone stop nothing, and whoever wrote them is told so until there is a rule', async () => {
    const messageOf = async (method: string, path: string, body: unknown): Promise<unknown> =>
      (await place.ask(place.admin, method, path, body, { 'accept-language': 'en' })).body['message'];
    const alone = /It has words alone: without rules or a judge nothing is found or stopped by it\.$/;
    for (const rules of [undefined, {}, { keywords: [], isToolSchemaRequired: false }])
      expect(await messageOf('POST', '/policy', bodyWith({ rules }))).toMatch(alone);
    expect(await messageOf('POST', '/policy', bodyWith({ rules: { models: [] } }))).toBe('Policy created.');
    const id = await make();
    expect(await messageOf('PUT', `/policy/${id}`, { content: 'Nobody gossips at all.' })).toMatch(alone);
    expect(await messageOf('PUT', `/policy/${id}`, { rules: { keywords: ['gossip'] } })).toBe('Policy changed.');
  });

  test('200 on each level for whoever administers it', async () => {
    for (const where of [inWorkspace(), { ...inWorkspace(), repoId: place.repositoryId }, { repoId: place.repositoryId }])
      expect((await ask(place.head, 'POST', '/policy', bodyWith(where))).status).toBe(200);
  });

  test.each([
    ['without a name', { name: '' }, ['name']],
    ['with an unknown risk', { riskType: 'EXTREME' }, ['riskType']],
    ['with an unknown action', { actionType: 4 }, ['actionType']],
    ['with an unknown field', { colour: 'red' }, ['colour']],
    ['with patterns that do not read', { rules: { patterns: ['fine', '(a', '(?=a)b'] } }, ['rules.patterns.1', 'rules.patterns.2']],
    ['with a pattern that fits every text', { rules: { patterns: ['a*'] } }, ['rules.patterns.0']],
    ['that covers what has no words', { actionType: 3, rules: { keywords: ['ab'], models: ['x'] } }, ['rules.models']],
    ['that covers nothing', { actionType: 3, rules: {} }, ['rules']],
    ['of another organization', { orgId: nowhere }, ['orgId']],
  ])('400 %s', async (_, more, paths) => {
    const answer = await ask(place.admin, 'POST', '/policy', bodyWith(more));
    expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR']);
    expect(pathsOf(answer)).toEqual(paths);
  });

  test('400 a repository of another workspace', async () => {
    const answer = await ask(place.admin, 'POST', '/policy', bodyWith({ workspaceId: place.otherId, repoId: place.repositoryId }));
    expect([...codeOf(answer), pathsOf(answer)]).toEqual([400, 'VALIDATION_ERROR', ['repoId']]);
  });

  test('401 nobody', async () => expect((await ask(null, 'POST', '/policy', bodyWith())).status).toBe(401));

  test('403 whoever does not administer the level', async () => {
    expect((await ask(place.head, 'POST', '/policy', bodyWith())).status).toBe(403);
    for (const who of [place.reader, place.outsider])
      for (const where of [inWorkspace(), { repoId: place.repositoryId }])
        expect((await ask(who, 'POST', '/policy', bodyWith(where))).status).toBe(403);
  });

  test('404 a workspace or a repository that never was', async () => {
    for (const where of [{ workspaceId: nowhere }, { repoId: nowhere }, { repoId: 'x' }])
      expect(codeOf(await ask(place.admin, 'POST', '/policy', bodyWith(where)))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('GET /policy/:id', () => {
  test('200 with who wrote it and where it binds', async () => {
    const id = await make({ ...inWorkspace(), repoId: place.repositoryId, rules: { keywords: ['gossip'] } });
    const answer = await ask(place.head, 'GET', `/policy/${id}`);
    const person = { id: place.admin.id, name: 'Admin', lastName: '', email: expect.stringContaining('@') as unknown };
    expect(policyOf(answer)).toMatchObject({
      id,
      name: 'No gossip',
      content: 'Nobody gossips.',
      riskType: 'HIGH',
      actionType: 2,
      orgId: place.organizationId,
      workspace: { id: place.workspaceId, name: 'Team' },
      repo: { id: place.repositoryId, name: 'Files' },
      rules: { keywords: ['gossip'] },
      createdBy: person,
      lastUpdatedBy: person,
    });
  });
  test('401 nobody', async () => expect((await ask(null, 'GET', `/policy/${nowhere}`)).status).toBe(401));
  test('403 whoever does not administer the workspace', async () => {
    const id = await make(inWorkspace());
    for (const who of [place.reader, place.outsider]) expect((await ask(who, 'GET', `/policy/${id}`)).status).toBe(403);
  });
  test('404 one that never was', async () => {
    for (const gone of [nowhere, 'x']) expect((await ask(place.admin, 'GET', `/policy/${gone}`)).status).toBe(404);
  });
});

describe('GET /policy', () => {
  test('200 exactly one level of one place', async () => {
    const [top, middle, low] = [await make(), await make(inWorkspace()), await make({ repoId: place.repositoryId })];
    const ids = async (query: string): Promise<unknown[]> =>
      listOf(await ask(place.admin, 'GET', `/policy?orgId=${place.organizationId}${query}`), 'policies').map(({ id }) => id);
    const [ofTop, ofMiddle, ofLow] = [
      await ids(''),
      await ids(`&workspaceId=${place.workspaceId}`),
      await ids(`&workspaceId=${place.workspaceId}&repoId=${place.repositoryId}`),
    ];
    expect([ofTop.includes(top), ofTop.includes(middle), ofTop.includes(low)]).toEqual([true, false, false]);
    expect([ofMiddle.includes(top), ofMiddle.includes(middle), ofMiddle.includes(low)]).toEqual([false, true, false]);
    expect([ofLow.includes(top), ofLow.includes(middle), ofLow.includes(low)]).toEqual([false, false, true]);
  });
  test('200 and empty where the place is closed, of another workspace, or none', async () => {
    await make(inWorkspace());
    const at = `/policy?orgId=${place.organizationId}&workspaceId=`;
    for (const [who, path] of [
      [place.reader, at + place.workspaceId],
      [place.outsider, at + place.workspaceId],
      [place.admin, at + nowhere],
      [place.admin, `${at}${place.otherId}&repoId=${place.repositoryId}`],
      [place.admin, `/policy?orgId=${nowhere}`],
    ] as const) {
      const answer = await ask(who, 'GET', path);
      expect([answer.status, answer.body]).toEqual([200, { success: true, policies: [] }]);
    }
  });
  test('400 without the organization', async () => expect(pathsOf(await ask(place.admin, 'GET', '/policy'))).toEqual(['orgId']));
  test('401 nobody', async () => expect((await ask(null, 'GET', '/policy?orgId=x')).status).toBe(401));
});

describe('PUT /policy/:id', () => {
  test('200 changes what is named and nothing else', async () => {
    const id = await make(inWorkspace());
    expect((await ask(place.head, 'PUT', `/policy/${id}`, { actionType: 0 })).body).toMatchObject({ success: true, policyId: id });
    expect(policyOf(await ask(place.head, 'GET', `/policy/${id}`))).toMatchObject({
      actionType: 0,
      riskType: 'HIGH',
      lastUpdatedBy: { id: place.head.id },
    });
  });
  test.each([
    ['nothing', {}],
    ['a revision alone', { revision: 1 }],
    ['its level', { workspaceId: nowhere }],
    ['a pattern that does not read', { rules: { patterns: ['['] } }],
  ])('400 %s', async (_, body) => expect((await ask(place.admin, 'PUT', `/policy/${await make()}`, body)).status).toBe(400));
  test('401 nobody', async () => expect((await ask(null, 'PUT', `/policy/${nowhere}`, { name: 'x' })).status).toBe(401));
  test('403 whoever does not administer its level, also one that they see', async () => {
    const id = await make();
    for (const who of [place.head, place.reader]) expect((await ask(who, 'PUT', `/policy/${id}`, { name: 'x' })).status).toBe(403);
  });
  test('404 one that never was, or is deleted', async () => {
    const id = await make();
    await ask(place.admin, 'DELETE', `/policy/${id}`);
    for (const gone of [id, nowhere]) expect((await ask(place.admin, 'PUT', `/policy/${gone}`, { name: 'x' })).status).toBe(404);
  });
  test('409 a change that was made from an older state', async () => {
    const id = await make();
    const { revision } = policyOf(await ask(place.admin, 'GET', `/policy/${id}`));
    await ask(place.admin, 'PUT', `/policy/${id}`, { name: 'First' });
    const answer = await ask(place.admin, 'PUT', `/policy/${id}`, { name: 'Second', revision });
    expect(codeOf(answer)).toEqual([409, 'CONFLICT']);
    expect(answer.body.details).toMatchObject({ current: { name: 'First' } });
  });
});

describe('DELETE /policy/:id', () => {
  test('200 and it is gone, while what it found stays with its name', async () => {
    const id = await make({ name: 'Short lived' });
    place.find({ policyId: id, policyName: 'Short lived' });
    expect((await ask(place.admin, 'DELETE', `/policy/${id}`)).status).toBe(200);
    expect((await ask(place.admin, 'GET', `/policy/${id}`)).status).toBe(404);
    expect(listOf(await ask(place.admin, 'GET', `/policy/${id}/violations`), 'violations')).toMatchObject([{ policyName: 'Short lived' }]);
  });
  test('401 nobody', async () => expect((await ask(null, 'DELETE', `/policy/${nowhere}`)).status).toBe(401));
  test('403 whoever does not administer its level', async () =>
    expect((await ask(place.head, 'DELETE', `/policy/${await make()}`)).status).toBe(403));
  test('404 one that never was', async () => expect((await ask(place.admin, 'DELETE', `/policy/${nowhere}`)).status).toBe(404));
});

describe('GET /policy/violations', () => {
  const violations = async (who: Resident, query = ''): Promise<Record<string, unknown>[]> =>
    listOf(await ask(who, 'GET', `/policy/violations${query}`), 'violations');

  test('200 newest first, with the envelope of S3 and every name', async () => {
    const policyId = await make(inWorkspace());
    const atMs = Date.UTC(2026, 0, 2);
    place.find({ policyId, atMs });
    const last = place.find({ policyId, atMs: atMs + 1_000, repositoryId: place.repositoryId, isBlocked: false });
    const answer = await ask(place.admin, 'GET', `/policy/violations?policyId=${policyId}`);
    expect(answer.body).toMatchObject({ success: true, total: 2, skip: 0, take: 50 });
    expect(listOf(answer, 'violations')[0]).toEqual({
      id: last.id,
      policyId,
      policyName: 'Policy',
      timestamp: new Date(atMs + 1_000).toISOString(),
      explanation: 'Personal data (email), 2 times (an***om)',
      conversationId: null,
      repoId: place.repositoryId,
      repoName: 'Files',
      userId: place.reader.id,
      userName: 'Reader',
      repoAiApiKeyId: null,
      repoAiApiKeyName: null,
      severity: 'HIGH',
      block: false,
      llmType: 'OPENAI',
      llmModel: 'gpt-4o',
      host: 'api.example.com',
    });
  });

  test('200 every filter takes away what it says, several values of one are either', async () => {
    const policyId = await make();
    const atMs = Date.UTC(2026, 3, 1);
    place.find({
      policyId,
      atMs,
      severity: 'LOW',
      model: 'a',
      provider: 'anthropic',
      host: 'one.example',
      isBlocked: false,
      repositoryId: place.repositoryId,
    });
    place.find({ policyId, atMs: atMs + 1, severity: 'MEDIUM', model: 'b', provider: 'openai', host: 'two.example', workspaceId: null });
    place.find({ policyId, atMs: atMs + 2, severity: 'HIGH', model: 'c', provider: 'gemini', host: 'three.example' });
    const count = async (query: string): Promise<number> => (await violations(place.admin, `?policyId=${policyId}&${query}`)).length;
    for (const [query, expected] of [
      ['', 3], ['severity=low,HIGH', 2], ['severity=MEDIUM', 1], ['llmModel=a,b', 2], ['llmType=ANTHROPIC', 1], ['llmType=OPENAI,GOOGLE', 2], ['host=three.example', 1],
      ['block=true', 2], ['block=false', 1], [`workspaceId=${place.workspaceId}`, 2], [`repoId=${place.repositoryId}`, 1], [`from=${new Date(atMs + 1).toISOString()}`, 2],
      [`to=${new Date(atMs + 1).toISOString()}`, 1], ['take=1', 1], ['skip=2', 1], ['skip=5', 0],
    ] as const) expect(await count(query), query).toBe(expected); // prettier-ignore
  });

  test('200 heads see their workspaces, people their own, strangers nothing, and nobody an error', async () => {
    const policyId = await make();
    place.find({ policyId });
    place.find({ policyId, workspaceId: place.otherId, userId: place.admin.id });
    const count = async (who: Resident): Promise<number> => (await violations(who, `?policyId=${policyId}`)).length;
    expect([await count(place.admin), await count(place.head), await count(place.reader), await count(place.outsider)]).toEqual([
      2, 1, 1, 0,
    ]);
    expect(await violations(place.head, `?workspaceId=${place.otherId}`)).toEqual([]);
    expect(await violations(place.admin, '?workspaceId=x')).toEqual([]);
  });

  test.each(['take=101', 'take=0', 'skip=-1', 'from=yesterday', 'severity=AWFUL', 'block=maybe', 'colour=red'])('400 %s', async (query) =>
    expect((await ask(place.admin, 'GET', `/policy/violations?${query}`)).status).toBe(400),
  );
  test('401 nobody', async () => expect((await ask(null, 'GET', '/policy/violations')).status).toBe(401));
});

describe('GET /policy/alerts', () => {
  test('200 what policies that alert found, with a message in the language of the caller', async () => {
    const policyId = await make({ actionType: 1 });
    place.find({ policyId, action: 'alert', isBlocked: false, policyName: 'Eyes open' });
    place.find({ policyId, action: 'log', isBlocked: false });
    const answer = await place.ask(place.admin, 'GET', `/policy/alerts?policyId=${policyId}`, undefined, { 'accept-language': 'id' });
    expect(answer.body).toMatchObject({ success: true, total: 1, skip: 0, take: 50 });
    const [alert] = listOf(answer, 'alerts');
    expect(alert).toMatchObject({ policyId, message: 'Kebijakan “Eyes open”: Data pribadi (email), 2 kali (an***om)' });
    expect(Object.keys(alert!)).not.toContain('explanation');
  });
  test('400 a filter that alerts do not have', async () =>
    expect((await ask(place.admin, 'GET', '/policy/alerts?severity=LOW')).status).toBe(400));
  test('401 nobody', async () => expect((await ask(null, 'GET', '/policy/alerts')).status).toBe(401));
});

describe('GET /policy/:id/violations', () => {
  test('200 of this policy and no other, whatever the query says', async () => {
    const [one, two] = [await make(), await make()];
    place.find({ policyId: one });
    place.find({ policyId: two });
    expect((await ask(place.admin, 'GET', `/policy/${one}/violations?policyId=${two}`)).body).toMatchObject({
      total: 1,
      violations: [{ policyId: one }],
    });
    expect((await ask(place.admin, 'GET', '/policy/x/violations')).body).toMatchObject({ success: true, total: 0, violations: [] });
  });
  test('400 too many at once', async () =>
    expect((await ask(place.admin, 'GET', `/policy/${nowhere}/violations?take=500`)).status).toBe(400));
  test('401 nobody', async () => expect((await ask(null, 'GET', `/policy/${nowhere}/violations`)).status).toBe(401));
});

describe('GET /policy/:id/alerts', () => {
  test('200 of this policy and no other', async () => {
    const one = await make({ actionType: 1 });
    place.find({ policyId: one, action: 'alert' });
    expect((await ask(place.admin, 'GET', `/policy/${one}/alerts`)).body).toMatchObject({ total: 1, alerts: [{ policyId: one }] });
  });
  test('400 a negative skip', async () => expect((await ask(place.admin, 'GET', `/policy/${nowhere}/alerts?skip=-1`)).status).toBe(400));
  test('401 nobody', async () => expect((await ask(null, 'GET', `/policy/${nowhere}/alerts`)).status).toBe(401));
});

test('totals of an AI LLM count what policies found, alerted of and blocked in its requests', async () => {
  const body = {
    name: 'Counted',
    aiType: 'OTHER',
    endpoint: 'http://127.0.0.1:9/v1',
    secret: 'sk-count-000000000',
    workspaceId: place.workspaceId,
  };
  const connectionId = (await ask(place.head, 'POST', '/ai/llm', body)).body.aiLlmId;
  for (const part of [{ action: 'log', isBlocked: false }, { action: 'alert', isBlocked: false }, { action: 'block' }] as const)
    place.find({ connectionId, ...part });
  const answer = await ask(place.head, 'GET', `/ai/llm/stats?aiLlmId=${connectionId}`);
  expect(answer.body['stats']).toMatchObject([{ totalPolicyViolations: '3', totalAlerts: '1', totalBlocks: '1' }]);
});

test('a repository takes its policies with it, and names them before', async () => {
  const { id } = listed(await ask(place.head, 'GET', '/api/repositories')).find((one) => one.id === place.repositoryId)!;
  const policyId = await make({ repoId: id, name: 'Bound to files' });
  const refused = await ask(place.head, 'DELETE', `/api/repositories/${id}`);
  expect(refused.status).toBe(409);
  expect(JSON.stringify(refused.body.details)).toContain('Bound to files');
  expect((await ask(place.head, 'DELETE', `/api/repositories/${id}?force=true`)).status).toBe(200);
  expect((await ask(place.admin, 'GET', `/policy/${policyId}`)).status).toBe(404);
});
