/** Headroom through the front door: what a provider said with its last answers, for those who may use the connection. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { refusing, startFakeProvider, whole, wholeBody, type FakeProvider } from '../support/fake-provider.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let house: House;
let provider: FakeProvider;
let ada: Resident;
let ben: Resident;
let eve: Resident;
let nowMs = Date.parse('2026-11-21T12:00:00Z');
const unknownId = '01890a5d-ac96-774b-bcce-b302099a8057';

beforeAll(async () => {
  provider = await startFakeProvider();
  house = await openHouse({ egressAllow: '127.0.0.1:*', clock: { ...systemClock, nowMs: () => nowMs } });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  eve = await house.createResident('Eve');
});
afterAll(async () => {
  await house.close();
  await provider.close();
});

const get = (person: Resident, id: string): Promise<Reply> =>
  house.request('GET', `/api/configurations/${id}/headroom`, { token: person.token });

async function connect(person: Resident, name: string): Promise<{ id: string; key: string }> {
  const body = { name, baseUrl: provider.baseUrl, apiKey: 'sk-test-abcdefghijkl', defaultModel: 'gpt-4o' };
  const id = (await house.request('POST', '/api/ai-connections', { token: person.token, body })).at('id');
  const key = (await house.request('POST', '/api/access-keys', { token: person.token, body: { name } })).at('data.key');
  return { id, key };
}

/** An answer with these headers, then one question that gets it. */
async function ask({ id, key }: { id: string; key: string }, headers: Record<string, string>, status = 200): Promise<void> {
  provider.answer(status === 200 ? whole(wholeBody(), headers) : refusing(status, {}, headers));
  const sent = {
    headers: { 'x-patchbay-connection': id },
    token: key,
    body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }] },
  };
  const reply = await house.request('POST', '/v1/chat/completions', sent);
  expect(reply.status, reply.text).toBe(status);
}

const openAi = (remaining: number): Record<string, string> => ({
  'x-ratelimit-limit-requests': '100',
  'x-ratelimit-remaining-requests': String(remaining),
  'x-ratelimit-reset-requests': '30s',
});

describe('GET /api/configurations/:id/headroom', () => {
  test('200 nothing before the provider has said anything, then what it said last and when', async () => {
    const connection = await connect(ben, 'Talkative');
    expect((await get(ben, connection.id)).body).toEqual({ success: true, data: null });
    await ask(connection, openAi(80));
    expect((await get(ben, connection.id)).body.data).toEqual({
      seenAt: '2026-11-21T12:00:00.000Z',
      model: 'gpt-4o',
      level: 'ample',
      waitUntil: null,
      figures: [
        {
          measure: 'requests',
          window: null,
          isOfProject: false,
          limit: 100,
          remaining: 80,
          resetAt: '2026-11-21T12:00:30.000Z',
        },
      ],
    });
    nowMs += 1_000;
    await ask(connection, openAi(3));
    expect((await get(ben, connection.id)).body.data).toMatchObject({ level: 'low', seenAt: '2026-11-21T12:00:01.000Z' });
    const status = await house.request('GET', '/api/status', { token: ben.token });
    expect(status.text).toMatch(new RegExp(`"id":"${connection.id}"[^}]*"headroom":"low"`));
    // An answer that says nothing leaves what was said.
    nowMs += 1_000;
    await ask(connection, {});
    expect((await get(ben, connection.id)).body.data).toMatchObject({ level: 'low', seenAt: '2026-11-21T12:00:01.000Z' });
    // What was whole again by now is not scarce any more.
    nowMs += 60_000;
    expect((await get(ben, connection.id)).body.data).toMatchObject({ level: 'ample' });
  });

  test('200 a provider that asks to wait is exhausted until then, and operators see how many are', async () => {
    const connection = await connect(ben, 'Slow down');
    await ask(connection, { 'retry-after': '20' }, 429);
    expect((await get(ben, connection.id)).body.data).toMatchObject({
      level: 'exhausted',
      waitUntil: new Date(nowMs + 20_000).toISOString(),
      figures: [],
    });
    const metrics = await house.request('GET', '/metrics');
    expect(metrics.text).toContain('patchbay_provider_headroom_connections{level="exhausted"} 1');
    expect(metrics.text).not.toContain(connection.id);
    nowMs += 20_000;
    expect((await get(ben, connection.id)).body.data).toMatchObject({ level: 'ample', waitUntil: null });
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', `/api/configurations/${unknownId}/headroom`)).status).toBe(401);
  });

  test('403 for a connection of a workspace that the caller may not use, 404 for one of somebody else', async () => {
    const { id } = await connect(ben, 'Private');
    const [foreign, none] = [await get(eve, id), await get(eve, unknownId)];
    expect([foreign.status, none.status]).toEqual([404, 404]);
    expect(foreign.bodyWithoutId).toEqual(none.bodyWithoutId);
    expect((await get(ada, id)).status).toBe((await house.request('GET', `/api/configurations/${id}`, { token: ada.token })).status);
  });
});
