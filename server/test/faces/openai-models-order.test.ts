/** The order of GET /v1/models: the same on every instance, whatever was changed since and by whichever of them it was read first. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let key = '';
/** Where those of a name are changed. */
const things: string[][] = [];
const names = ['a', 'b', 'c'];

async function make(path: string, body: unknown): Promise<string> {
  const reply = await house.request('POST', path, { token: ada.token, body });
  expect(reply.status, reply.text).toBe(201);
  return reply.at('data.id');
}

/** It is read again after this, and so comes last of what was read. */
async function change(index: number): Promise<void> {
  for (const path of things[index]!)
    expect((await house.request('PATCH', path, { token: ada.token, body: { isActive: true } })).status).toBe(200);
}

beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  key = (await house.request('POST', '/api/access-keys', { token: ada.token, body: { name: 'apps' } })).at('data.key');
  for (const name of names) {
    const connectionId = await make('/api/admin/models', { name, apiKey: `sk-of-${name}`, modelVariant: `model-${name}` });
    const groupId = await make('/api/routing-groups', { name: `group-${name}`, targets: [{ connectionId }] });
    const useCaseId = await make('/api/use-cases', { name: `Use ${name}`, connectionId, systemPrompt: 'Hi.', allRoles: true });
    things.push([`/api/admin/models/${connectionId}`, `/api/routing-groups/${groupId}`, `/api/use-cases/${useCaseId}`]);
  }
});
afterAll(() => house.close());

test('200 older before newer, also where the older one was changed last', async () => {
  await change(0);
  const reply = await house.request('GET', '/v1/models', { token: key });
  const ids = (reply.body['data'] as unknown as { id: string }[]).map(({ id }) => id);
  for (const kind of ['model-', 'group-', 'use-case/use-'])
    expect(ids.filter((id) => id.startsWith(kind))).toEqual(names.map((name) => `${kind}${name}`));
});

test('200 whoever turns the pages reads each model once, also while some are changed', async () => {
  const headers = { 'anthropic-version': '2023-06-01' };
  const read: string[] = [];
  let after = '';
  for (let page = 0; ; page++) {
    const reply = await house.request('GET', `/v1/models?limit=2${after}`, { token: key, headers });
    expect(reply.status, reply.text).toBe(200);
    const {
      data,
      has_more: hasMore,
      last_id: lastId,
    } = reply.body as unknown as { data: { id: string }[]; has_more: boolean; last_id: string };
    read.push(...data.map(({ id }) => id));
    if (!hasMore) break;
    after = `&after_id=${encodeURIComponent(lastId)}`;
    await change(page % names.length);
  }
  const whole = await house.request('GET', '/v1/models', { token: key });
  expect(read).toEqual((whole.body['data'] as unknown as { id: string }[]).map(({ id }) => id));
});
