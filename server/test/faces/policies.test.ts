/** The page's policies: by level with what is inherited, violations in the house's words, and a dry run of a text. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listed, pathsOf, type Found, type Seen } from '../support/connections-house.ts';
import { codeOf, nowhere, openPolicyHouse, type PolicyHouse } from '../support/policy-house.ts';
import type { Resident } from '../support/house.ts';

let place: PolicyHouse;
beforeAll(async () => {
  place = await openPolicyHouse();
});
afterAll(() => place.close());

const ask = (who: Resident | null, method: string, path: string, body?: unknown): Promise<Seen> => place.ask(who, method, path, body);
const bodyWith = (more: Record<string, unknown> = {}): Record<string, unknown> => ({ name: 'Rule', action: 'log', ...more });
async function make(more: Record<string, unknown> = {}): Promise<Found> {
  const answer = await ask(place.admin, 'POST', '/api/policies', bodyWith(more));
  expect(answer.status).toBe(201);
  return answer.body.data;
}
const inWorkspace = (): Record<string, unknown> => ({ workspaceId: place.workspaceId });
const rules = {
  keywords: ['kestrel'],
  patterns: ['ACME-\\d+'],
  personalData: ['email', 'nik'],
  models: ['gpt-*'],
  promptTokensMax: 1000,
  outputTokensMax: 500,
  attachmentsMax: 2,
  attachmentBytesMax: 1_000_000,
  attachmentKinds: ['image'],
  tools: ['search*'],
  toolsMax: 4,
  isToolSchemaRequired: true,
};

describe('POST /api/policies', () => {
  test('201 with everything that was entered, and what was not is harmless', async () => {
    const body = { name: 'Judge', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'sk-judge-0000000000', scope: 'organization' };
    const connection = await ask(place.admin, 'POST', '/api/ai-connections', body);
    expect(connection.status).toBe(201);
    const judge = { connectionId: connection.body.id, model: 'small' };
    const policy = await make({
      ...inWorkspace(),
      content: 'Words.\nMore words.',
      risk: 'LOW',
      action: 'block',
      side: 'answer',
      rules,
      judge,
    });
    expect(policy).toMatchObject({
      level: 'workspace',
      workspace: { id: place.workspaceId, name: 'Team' },
      repository: null,
      content: 'Words.\nMore words.',
      rules,
      judge,
      isActive: true,
      canChange: true,
      violations7d: 0,
    });
    expect(await make()).toMatchObject({ level: 'organization', risk: 'MEDIUM', side: 'both', rules: {}, judge: null, content: '' });
    expect(await make({ repositoryId: place.repositoryId })).toMatchObject({ level: 'repository', repository: { name: 'Files' } });
  });
  test.each([
    ['a short keyword', { rules: { keywords: ['a'] } }, ['rules.keywords.0']],
    ['an unknown detector', { rules: { personalData: ['shoe'] } }, ['rules.personalData.0']],
    ['an unknown rule', { rules: { moon: 1 } }, ['rules.moon']],
    ['a pattern of another engine', { rules: { patterns: ['a(?<=b)'] } }, ['rules.patterns.0']],
    ['a judge that is nobody', { judge: { connectionId: nowhere, model: 'x' } }, ['judge.connectionId']],
    [
      'a judge that covers',
      { action: 'redact', rules: { keywords: ['ab'] }, judge: { connectionId: nowhere, model: 'x' } },
      ['judge', 'judge.connectionId'],
    ],
  ])('400 %s', async (_, more, paths) => {
    const answer = await ask(place.admin, 'POST', '/api/policies', bodyWith(more));
    expect([...codeOf(answer), pathsOf(answer)]).toEqual([400, 'VALIDATION_ERROR', paths]);
  });
  test('401 nobody', async () => expect((await ask(null, 'POST', '/api/policies', bodyWith())).status).toBe(401));
  test('403 whoever does not administer the level', async () => {
    expect((await ask(place.head, 'POST', '/api/policies', bodyWith())).status).toBe(403);
    expect((await ask(place.reader, 'POST', '/api/policies', bodyWith(inWorkspace()))).status).toBe(403);
  });
  test('404 a workspace that never was', async () =>
    expect((await ask(place.admin, 'POST', '/api/policies', bodyWith({ workspaceId: nowhere }))).status).toBe(404));
});

describe('GET /api/policies', () => {
  test('200 of one place with what it inherits, and who may change which', async () => {
    const [top, middle, low, other] = [
      await make(),
      await make(inWorkspace()),
      await make({ repositoryId: place.repositoryId }),
      await make({ workspaceId: place.otherId }),
    ];
    const seen = async (who: Resident, query: string): Promise<Map<string, unknown>> =>
      new Map(listed(await ask(who, 'GET', `/api/policies${query}`)).map(({ id, canChange }) => [id, canChange]));
    const inTeam = await seen(place.head, `?workspaceId=${place.workspaceId}`);
    expect([top, middle, low, other].map(({ id }) => inTeam.get(id))).toEqual([false, true, true, undefined]);
    const inFiles = await seen(place.head, `?repositoryId=${place.repositoryId}`);
    expect([top, middle, low, other].map(({ id }) => inFiles.has(id))).toEqual([true, true, true, false]);
    const all = await seen(place.admin, '');
    expect([top, middle, low, other].map(({ id }) => all.get(id))).toEqual([true, true, true, true]);
    expect((await seen(place.reader, '')).size).toBe(0);
    expect((await seen(place.outsider, `?workspaceId=${place.workspaceId}`)).size).toBe(0);
  });
  test('200 with what each found in the last seven days', async () => {
    const { id } = await make();
    const now = place.house.deps.clock.nowMs();
    place.find({ policyId: id });
    place.find({ policyId: id, isBlocked: false });
    place.find({ policyId: id, atMs: now - 8 * 86_400_000 });
    const policy = listed(await ask(place.admin, 'GET', '/api/policies')).find((one) => one.id === id);
    expect(policy).toMatchObject({ violations7d: 2, blocks7d: 1 });
  });
  test('400 an unknown filter', async () => expect((await ask(place.admin, 'GET', '/api/policies?moon=1')).status).toBe(400));
  test('401 nobody', async () => expect((await ask(null, 'GET', '/api/policies')).status).toBe(401));
});

describe('GET /api/policies/:id', () => {
  test('200 with its revision as a tag', async () => {
    const { id, revision } = await make();
    const answer = await ask(place.head, 'GET', `/api/policies/${id}`);
    expect([answer.status, answer.headers.get('etag'), answer.body.data['canChange']]).toEqual([200, `"${String(revision)}"`, false]);
  });
  test('401 nobody', async () => expect((await ask(null, 'GET', `/api/policies/${nowhere}`)).status).toBe(401));
  test('403 whoever does not administer it', async () =>
    expect((await ask(place.reader, 'GET', `/api/policies/${(await make(inWorkspace())).id}`)).status).toBe(403));
  test('404 one that never was', async () => expect((await ask(place.admin, 'GET', `/api/policies/${nowhere}`)).status).toBe(404));
});

describe('PATCH /api/policies/:id', () => {
  test('200 changes what is named; null takes the judge away; switched off it binds nobody', async () => {
    const { id } = await make({ ...inWorkspace(), rules });
    const answer = await ask(place.head, 'PATCH', `/api/policies/${id}`, { isActive: false, judge: null, rules: { keywords: ['wren'] } });
    expect(answer.body.data).toMatchObject({
      isActive: false,
      judge: null,
      rules: { keywords: ['wren'] },
      name: 'Rule',
      updatedBy: { id: place.head.id },
    });
    expect(place.house.deps.keeper.snapshot.policies.binding(place.workspaceId, null).some((policy) => policy.id === id)).toBe(false);
  });
  test.each([{}, { level: 'organization' }, { workspaceId: nowhere }, { rules: { patterns: ['('] } }])('400 %o', async (body) =>
    expect((await ask(place.admin, 'PATCH', `/api/policies/${(await make()).id}`, body)).status).toBe(400),
  );
  test('401 nobody', async () => expect((await ask(null, 'PATCH', `/api/policies/${nowhere}`, { name: 'x' })).status).toBe(401));
  test('403 what is inherited from above', async () =>
    expect((await ask(place.head, 'PATCH', `/api/policies/${(await make()).id}`, { name: 'x' })).status).toBe(403));
  test('404 one that never was', async () =>
    expect((await ask(place.admin, 'PATCH', `/api/policies/${nowhere}`, { name: 'x' })).status).toBe(404));
  test('409 a change that was made from an older state, which shows the present one', async () => {
    const { id, revision } = await make();
    await ask(place.admin, 'PATCH', `/api/policies/${id}`, { name: 'Now' });
    const answer = await ask(place.admin, 'PATCH', `/api/policies/${id}`, { name: 'Then', revision });
    expect(codeOf(answer)).toEqual([409, 'CONFLICT']);
    expect(answer.body.details).toMatchObject({ current: { name: 'Now' } });
  });
});

describe('DELETE /api/policies/:id', () => {
  test('200 and it is gone', async () => {
    const { id } = await make();
    expect((await ask(place.admin, 'DELETE', `/api/policies/${id}`)).status).toBe(200);
    expect((await ask(place.admin, 'GET', `/api/policies/${id}`)).status).toBe(404);
  });
  test('401 nobody', async () => expect((await ask(null, 'DELETE', `/api/policies/${nowhere}`)).status).toBe(401));
  test('403 what is inherited from above', async () =>
    expect((await ask(place.head, 'DELETE', `/api/policies/${(await make()).id}`)).status).toBe(403));
  test('404 one that never was', async () => expect((await ask(place.admin, 'DELETE', `/api/policies/${nowhere}`)).status).toBe(404));
});

describe('GET /api/policies/violations', () => {
  test('200 newest first with names, filtered and counted', async () => {
    const { id } = await make();
    place.find({ policyId: id, severity: 'LOW' });
    const { requestId } = place.find({ policyId: id, repositoryId: place.repositoryId, atMs: place.house.deps.clock.nowMs() + 10 });
    const answer = await ask(place.head, 'GET', `/api/policies/violations?policyId=${id}&take=1`);
    expect(answer.body).toMatchObject({ total: 2 });
    expect(listed(answer)).toMatchObject([
      {
        requestId,
        workspace: { name: 'Team' },
        repository: { name: 'Files' },
        user: { name: 'Reader' },
        facts: [{ rule: 'personal', name: 'email', count: 2 }],
      },
    ]);
    expect(listed(await ask(place.head, 'GET', `/api/policies/violations?policyId=${id}&severity=LOW`))).toHaveLength(1);
    expect(listed(await ask(place.outsider, 'GET', `/api/policies/violations?policyId=${id}`))).toEqual([]);
  });
  test('400 too many at once', async () => expect((await ask(place.admin, 'GET', '/api/policies/violations?take=101')).status).toBe(400));
  test('401 nobody', async () => expect((await ask(null, 'GET', '/api/policies/violations')).status).toBe(401));
});

describe('POST /api/policies/check', () => {
  test('200 what is saved would find in a text, without writing anything down', async () => {
    const blocking = await make({ ...inWorkspace(), action: 'block', rules: { keywords: ['moonshine'] } });
    const covering = await make({ action: 'redact', rules: { personalData: ['email'] } });
    const check = async (body: object): Promise<Found> => (await ask(place.head, 'POST', '/api/policies/check', body)).body.data;
    const inTeam = await check({ text: 'moonshine for ann@example.com', ...inWorkspace() });
    expect(inTeam).toMatchObject({
      isBlocked: true,
      text: null,
      findings: [
        { policyId: blocking.id, rule: 'keyword', start: 0, end: 9 },
        { policyId: covering.id, name: 'email' },
      ],
    });
    expect(await check({ text: 'moonshine for ann@example.com' })).toMatchObject({ isBlocked: false, text: 'moonshine for [EMAIL]' });
    await place.house.deps.found.flush();
    expect((await ask(place.admin, 'GET', `/api/policies/violations?policyId=${blocking.id}`)).body).toMatchObject({ total: 0 });
    for (const { id } of [blocking, covering]) await ask(place.admin, 'DELETE', `/api/policies/${id}`);
  });
  test('200 a draft is tried in the place of what is saved', async () => {
    const draft = { action: 'redact', rules: { keywords: ['kestrel'], patterns: ['ACME-\\d+'], personalData: ['nik'] } };
    const answer = await ask(place.outsider, 'POST', '/api/policies/check', { text: 'kestrel ACME-1 3174051209900001', draft });
    expect(answer.body.data).toMatchObject({
      isBlocked: false,
      text: '[REDACTED] [REDACTED] [NIK]',
      findings: [{ policyId: null }, {}, {}],
    });
  });
  test.each([
    ['a text that is too long', { text: 'x'.repeat(20_001) }, ['text']],
    [
      'a draft with a pattern that does not read',
      { text: 'x', draft: { action: 'log', rules: { patterns: ['('] } } },
      ['draft.rules.patterns.0'],
    ],
  ])('400 %s', async (_, body, paths) => expect(pathsOf(await ask(place.admin, 'POST', '/api/policies/check', body))).toEqual(paths));
  test('401 nobody', async () => expect((await ask(null, 'POST', '/api/policies/check', { text: 'x' })).status).toBe(401));
  test('403 a workspace that is closed to the caller', async () =>
    expect((await ask(place.outsider, 'POST', '/api/policies/check', { text: 'x', ...inWorkspace() })).status).toBe(403));
  test('400 a repository of another workspace than the one that is named: its policies stay unknown to the caller', async () => {
    const at = { repositoryId: place.repositoryId, workspaceId: place.otherId };
    const policy = await make({ repositoryId: place.repositoryId, rules: { keywords: ['moonshine'] } });
    for (const who of [place.outsider, place.admin]) {
      const answer = await ask(who, 'POST', '/api/policies/check', { text: 'moonshine', ...at });
      expect(answer.status).toBe(400);
      expect(pathsOf(answer)).toEqual(['repositoryId']);
    }
    await ask(place.admin, 'DELETE', `/api/policies/${policy.id}`);
  });
  test.each(['workspaceId', 'repositoryId'])('404 a place that never was, named by %s', async (name) =>
    expect((await ask(place.admin, 'POST', '/api/policies/check', { text: 'x', [name]: nowhere })).status).toBe(404),
  );
});

test('open pages of those who see a policy are told of its change', async () => {
  const heard: string[] = [];
  const stop = place.house.deps.events.subscribe(
    (event) => event.name === 'config.changed' && heard.push(JSON.stringify([event.data, event.audience])),
    () => undefined,
  );
  await make(inWorkspace());
  await expect.poll(() => heard.join()).toContain('"topic":"policies"');
  expect(heard.join()).toContain(place.workspaceId);
  stop();
});
