/** What is left of an old secret: after it was replaced, rotated, sealed anew or deleted, no file of the database holds it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EncryptionService } from '../../src/control/encryption-service.ts';
import { scrubSecrets } from '../../src/control/scrub.ts';
import { findConnection } from '../../src/storage/connections.ts';
import { openHouse, origin, type House, type Reply, type Resident } from '../support/house.ts';
import { until } from '../support/wait.ts';

let house: House;
let user: Resident;
let dataDir: string;
const nowhere = 'http://127.0.0.1:9/v1';
let names = 0;

beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  await house.createResident('Admin', 'administrator');
  user = await house.createResident('User');
  dataDir = dirname(house.database.driver.backupsDir!);
});
afterAll(() => house.close());

const ask = (method: string, path: string, body?: unknown): Promise<Reply> =>
  house.request(method, path, { token: user.token, ...(body === undefined ? {} : { body }) });
const newSecret = (): string => `sk-${house.deps.ids.uuid()}`;

async function newConnection(): Promise<string> {
  const settings = { headers: { 'x-one': newSecret() } };
  const reply = await ask('POST', '/api/configurations', {
    name: `c ${(names += 1)}`,
    provider: 'custom',
    baseUrl: nowhere,
    model: 'm',
    apiKey: newSecret(),
    configuration: settings,
  });
  return reply.at('data.id');
}

async function boxesOf(id: string): Promise<{ secret: string; headers: string }> {
  const { sealed } = (await findConnection(house.database, id))!;
  return { secret: sealed.secret!, headers: sealed.headers! };
}

/** Files of the database, its log included, that hold a sealed value or a good part of it. */
const filesWith = (box: string): string[] =>
  readdirSync(dataDir).filter(
    (name) =>
      name.startsWith('patchbay.db') && [box.slice(0, 40), box.slice(-40)].some((part) => readFileSync(join(dataDir, name)).includes(part)),
  );

/** On a machine that is busy with other things the answer may come before the end of the cleaning, which it does not wait for. */
async function expectGone(...boxes: string[]): Promise<void> {
  await until(() => boxes.every((box) => filesWith(box).length === 0), 'no file holds them any more');
  for (const box of boxes) expect(filesWith(box)).toEqual([]);
}

describe('the old sealed value is soon in no file', () => {
  test('while it is in use it is in one, so that the search would find it', async () => {
    const { secret, headers } = await boxesOf(await newConnection());
    expect(filesWith(secret)).not.toEqual([]);
    expect(filesWith(headers)).not.toEqual([]);
  });

  test('after a key was replaced by a change; headers that were not named stay', async () => {
    const id = await newConnection();
    const before = await boxesOf(id);
    expect((await ask('PATCH', `/api/configurations/${id}`, { apiKey: newSecret() })).status).toBe(200);
    await expectGone(before.secret);
    expect((await boxesOf(id)).headers).toBe(before.headers);
    expect(filesWith(before.headers)).not.toEqual([]);
  });

  test('after a key was taken away', async () => {
    const id = await newConnection();
    const before = await boxesOf(id);
    expect((await ask('PATCH', `/api/configurations/${id}`, { apiKey: null })).status).toBe(200);
    await expectGone(before.secret);
  });

  test('after headers were replaced', async () => {
    const id = await newConnection();
    const before = await boxesOf(id);
    expect((await ask('PATCH', `/api/configurations/${id}`, { configuration: { headers: { 'x-one': newSecret() } } })).status).toBe(200);
    await expectGone(before.headers);
    expect((await boxesOf(id)).secret).toBe(before.secret);
  });

  test('after a rotation with a new key, and after one that seals the key anew', async () => {
    const id = await newConnection();
    for (const body of [{ apiKey: newSecret() }, {}]) {
      const before = await boxesOf(id);
      expect((await ask('POST', `/api/configurations/${id}/rotate-key`, body)).body).toMatchObject({ success: true });
      await expectGone(before.secret);
      expect((await boxesOf(id)).secret).not.toBe(before.secret);
    }
  });

  test('after every key of a person was sealed anew', async () => {
    const ids = [await newConnection(), await newConnection()];
    const before = await Promise.all(ids.map(boxesOf));
    await new EncryptionService(house.deps, { actor: user.actor, origin }).rotateUserKey(user.id);
    const after = await Promise.all(ids.map(boxesOf));
    expect(after.every(({ secret, headers }, n) => secret !== before[n]!.secret && headers !== before[n]!.headers)).toBe(true);
    await expectGone(...before.flatMap(({ secret, headers }) => [secret, headers]));
  });

  test('after a deletion', async () => {
    const id = await newConnection();
    const before = await boxesOf(id);
    expect((await ask('DELETE', `/api/configurations/${id}`)).status).toBe(200);
    await expectGone(before.secret, before.headers);
  });

  test('after twenty changes at once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, newConnection));
    const before = await Promise.all(ids.map(boxesOf));
    const replies = await Promise.all(ids.map((id) => ask('PATCH', `/api/configurations/${id}`, { apiKey: newSecret() })));
    expect(replies.map(({ status }) => status)).toEqual(ids.map(() => 200));
    await expectGone(...before.map(({ secret }) => secret));
  });

  test('a change that touches no secret empties no log', async () => {
    const id = await newConnection();
    const size = (): number => readFileSync(join(dataDir, 'patchbay.db-wal')).length;
    await scrubSecrets(house.deps);
    await until(() => size() === 0, 'the log is empty');
    await ask('PATCH', `/api/configurations/${id}`, { name: `renamed ${(names += 1)}` });
    expect(size()).toBeGreaterThan(0);
  });
});

describe('while somebody else reads the database', () => {
  /** Another program, a backup tool say, in the middle of a reading: the log cannot be emptied. */
  async function whileRead(run: () => Promise<void>): Promise<void> {
    const reader = new DatabaseSync(join(dataDir, 'patchbay.db'), { readOnly: true });
    try {
      reader.exec('BEGIN');
      reader.prepare('SELECT count(*) FROM ai_configurations').get();
      await run();
    } finally {
      reader.close();
    }
  }

  test('the change is made and answered in time, and the old value goes when the reader does', async () => {
    const [replaced, deleted] = [await newConnection(), await newConnection()];
    const before = await Promise.all([boxesOf(replaced), boxesOf(deleted)]);
    await whileRead(async () => {
      const replies = await Promise.all([
        ask('PATCH', `/api/configurations/${replaced}`, { apiKey: newSecret() }),
        ask('DELETE', `/api/configurations/${deleted}`),
      ]);
      expect(replies.map(({ status }) => status)).toEqual([200, 200]);
      // The reader is still there: nobody waited for it to go.
      expect(filesWith(before[0].secret)).not.toEqual([]);
    });
    await expectGone(...before.map(({ secret }) => secret));
  });

  test('no change is refused for it, and reading and writing go on meanwhile', async () => {
    const id = await newConnection();
    await whileRead(async () => {
      for (let round = 0; round < 5; round++) {
        const [changed, listed] = await Promise.all([
          ask('PATCH', `/api/configurations/${id}`, { apiKey: newSecret() }),
          ask('GET', '/api/configurations'),
        ]);
        expect([changed.status, listed.status]).toEqual([200, 200]);
      }
    });
    const { secret } = await boxesOf(id);
    expect(filesWith(secret)).not.toEqual([]);
  });
});
