/** What operators see of the installation, and the re-encryption that they begin: through the front door, without a secret on the way. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { System } from '@patchbay/contract/system';
import { FlashbackClient } from '@patchbay/client';
import { settingsInEffect } from '../../src/app/settings.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

const secretText = 'sk-secret-of-a-connection-0123';
let house: House;
let ada: Resident;
let ben: Resident;

beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*, 10.0.0.0/8:8080' });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  for (let number = 0; number < 20; number++) await connect(house, ada, `Number ${number}`);
});
afterAll(() => house.close());

async function connect(at: House, person: Resident, name: string): Promise<string> {
  const body = { name, baseUrl: 'https://api.openai.com/v1', provider: 'openai', apiKey: secretText, defaultModel: 'gpt-4o' };
  return (await at.request('POST', '/api/ai-connections', { token: person.token, body })).at('id');
}

const get = (token?: string, at = house): Promise<Reply> => at.request('GET', '/api/admin/system', token === undefined ? {} : { token });
const begin = (token?: string, at = house, body: unknown = {}): Promise<Reply> =>
  at.request('POST', '/api/admin/system/re-encrypt', { body, ...(token === undefined ? {} : { token }) });
const systemOf = async (): Promise<System> => (JSON.parse((await get(ada.token)).text) as { data: System }).data;
const stateOf = async (id: string): Promise<string> =>
  (await house.request('GET', `/api/tasks/${id}`, { token: ada.token })).at('data.state');

describe('GET /api/admin/system', () => {
  test('200 tells how the installation is, and shows no secret', async () => {
    const reply = await get(ada.token);
    const { health, encryption, network, about, environment } = await systemOf();
    expect(health).toMatchObject({ database: { engine: 'sqlite', isHealthy: true, version: expect.stringMatching(/^3\.\d/) as string } });
    expect(health.database.bytes).toBeGreaterThan(100_000);
    expect(health.database.schema).toBeGreaterThanOrEqual(25);
    expect(health.configRevision).toBeGreaterThan(20);
    expect(health.disk!.freeBytes).toBeLessThanOrEqual(health.disk!.totalBytes);
    expect(health.instances.filter(({ isThis }) => isThis)).toHaveLength(1);
    expect(encryption).toMatchObject({ isKeptHere: true, isUnfinished: false, taskId: null });
    expect(encryption.keys.at(0)).toMatchObject({ version: 1, status: 'active', check: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    expect(network.allowed).toEqual(['127.0.0.1:*', '10.0.0.0/8:8080']);
    expect(about).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+/) as string, node: process.version });
    expect(environment.map(({ name }) => name)).toContain('PATCHBAY_MASTER_KEY');
    expect(environment.filter(({ isSecret, value }) => isSecret && value !== null)).toEqual([]);
    expect(reply.text).not.toContain(secretText);
  });

  test('401 for nobody', async () => {
    expect((await get()).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await get(ben.token)).status).toBe(403);
  });
});

describe('POST /api/admin/system/re-encrypt', () => {
  test('202 everything is sealed under a new key, as a task that can be paused and goes on; a second press is the same task', async () => {
    const client = new FlashbackClient({ baseUrl: house.url, accessToken: ada.token });
    const id = await client.system.reencrypt();
    expect((await begin(ada.token)).at('data.taskId')).toBe(id);
    const pausing = await house.request('POST', `/api/tasks/${id}/pause`, { token: ada.token, body: {} });
    if (pausing.status === 200) {
      await expect.poll(() => stateOf(id)).toMatch(/paused|done/);
      if ((await stateOf(id)) === 'paused') await client.tasks.resume(id);
    }
    await expect.poll(() => stateOf(id)).toBe('done');
    const { encryption } = await systemOf();
    expect(encryption).toMatchObject({ isUnfinished: false, taskId: null });
    expect(encryption.keys.map(({ version, status }) => [version, status])).toEqual([
      [2, 'active'],
      [1, 'retired'],
    ]);
    const audit = await house.database.db
      .selectFrom('audit_entries')
      .select(['action', 'actor_id'])
      .where('action', '=', 'master-key.promote')
      .execute();
    expect(audit).toEqual([{ action: 'master-key.promote', actor_id: ada.id }]);
  });

  test('400 for a body with fields', async () => {
    expect((await begin(ada.token, house, { force: true })).status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await begin()).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await begin(ben.token)).status).toBe(403);
  });

  test("409 where the key is the operator's, who alone can keep a new one", async () => {
    const other = await openHouse({ masterKey: createHash('sha256').update('the operator keeps it').digest('base64') });
    const eve = await other.createResident('Eve');
    const reply = await begin(eve.token, other);
    expect([reply.status, reply.body.error_code]).toEqual([409, 'KEY_NOT_KEPT_HERE']);
    await other.close();
  });

  test('429 for somebody who has as much under way as one may', async () => {
    const held: (() => void)[] = [];
    for (let task = 0; task < 5; task++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.push(resolve);
      await house.deps.tasks.start({ kind: 'test', title: '', ownerUserId: ada.id, run: () => promise });
    }
    expect((await begin(ada.token)).status).toBe(429);
    for (const letGo of held) letGo();
  });
});

describe('settings in effect', () => {
  const of = (environment: Record<string, string>, dotEnv: string | null, name: string) =>
    settingsInEffect(environment, dotEnv).find((one) => one.name === name);

  test('each tells where it came from, and what it overrides', () => {
    expect(of({ PATCHBAY_PORT: '1' }, 'PATCHBAY_PORT=2', 'PATCHBAY_PORT')).toEqual({
      name: 'PATCHBAY_PORT',
      isSecret: false,
      source: 'environment',
      value: '1',
      isOverDotEnv: true,
    });
    expect(of({}, 'PATCHBAY_PORT=2', 'PATCHBAY_PORT')).toMatchObject({ source: 'dotenv', value: '2', isOverDotEnv: false });
    expect(of({ PATCHBAY_PORT: ' ' }, null, 'PATCHBAY_PORT')).toMatchObject({ source: null, value: null });
  });

  test('no value of a secret leaves, whichever way it was given, and no password of an address', () => {
    const environment = { PATCHBAY_MASTER_KEY: 'the key', LLM_API_KEY_FILE: '/run/secrets/key', LLM_BASE_URL: 'https://user:pass@host/v1' };
    const all = settingsInEffect(environment, 'PATCHBAY_DATABASE_URL=postgres://u:hidden@h/d\nPATCHBAY_MASTER_KEY=another');
    expect(JSON.stringify(all)).not.toMatch(/the key|another|hidden|pass/);
    expect(all.filter(({ source }) => source !== null).map(({ name, source, isOverDotEnv }) => [name, source, isOverDotEnv])).toEqual([
      ['PATCHBAY_DATABASE_URL', 'dotenv', false],
      ['PATCHBAY_MASTER_KEY', 'environment', true],
      ['LLM_BASE_URL', 'environment', false],
      ['LLM_API_KEY', 'file', false],
    ]);
  });
});
