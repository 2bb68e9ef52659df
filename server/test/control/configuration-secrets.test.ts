/** Secrets of a configuration file whose things move elsewhere, or whose stored values do not open any more. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeChannel } from '../../src/control/alert-channels.ts';
import { applyConfiguration, exportConfiguration, type Applied, type ApplyWish } from '../../src/control/configuration/apply.ts';
import type { Caller } from '../../src/control/change.ts';
import { openBox, openStored } from '../../src/control/secrets.ts';
import { placeOfChannel, placeOfMailPassword } from '../../src/domain/sealing.ts';
import { channelById, mailServer } from '../../src/storage/alert-channels.ts';
import { findConnection } from '../../src/storage/connections.ts';
import { openHouse, origin, type House } from '../support/house.ts';

let house: House;
let caller: Caller;
beforeAll(async () => {
  house = await openHouse();
  const ann = await house.createResident('Ann', 'administrator');
  caller = { actor: house.deps.keeper.snapshot.actorOf(ann.id, 'system')!, origin };
});
afterAll(() => house?.close());

const signing = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const known: Record<string, string> = {
  'env:LINE': 'sk-of-the-line-0123456789',
  'env:TEAM': 'blue',
  'env:GATE': 'https://old.example.com/send',
  'env:TOKEN': 'token-0123456789',
  'env:HOOK': 'https://old.example.com/hook',
  'env:SIGN': signing,
  'env:MAIL': 'the-password-of-mail',
};
const apply = (body: string, more: Partial<ApplyWish> = {}): Promise<Applied> =>
  applyConfiguration(house.deps, caller, { text: `patchbay: 1\n${body}`, secrets: known, isDryRun: false, isPruning: false, ...more });
const told = async (body: string, more: Partial<ApplyWish> = {}): Promise<unknown[]> => {
  const { done, faults } = await apply(body, more);
  return [done, ...faults.map(({ path, message }) => `${path}: ${message}`)];
};

const line = (host: string): string => `connections:
  - { name: Line, provider: custom, baseUrl: "https://${host}/v1", model: tiny, secret: env:LINE, headers: { X-Team: env:TEAM } }
`;
const channels = `alertChannels:
  - { name: Gate, kind: whatsapp, url: env:GATE, token: env:TOKEN, to: "+62811" }
  - { name: Hook, kind: webhook, url: env:HOOK, signingSecret: env:SIGN }
`;
const mail =
  'mailServer: { host: mail.example.org, port: 587, security: starttls, username: a, password: env:MAIL, sender: a@example.org }\n';
const moved: Record<string, string> = { ...known, 'env:GATE': 'https://new.example.com/send', 'env:HOOK': 'https://new.example.com/hook' };

const connectionNow = async (): Promise<string[]> => {
  const id = [...house.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Line')!.id;
  const { connection, sealed } = (await findConnection(house.deps.database, id))!;
  const key = await openStored(house.deps, connection, sealed.secret!, 'api_key_encrypted');
  const headers = await openStored(house.deps, connection, sealed.headers!, 'headers_encrypted');
  return [connection.origin, key.reveal(), headers.reveal()];
};
const channelIdOf = (name: string): string =>
  [...house.deps.keeper.snapshot.alerting.channels.values()].find((one) => one.name === name)!.id;
async function channelNow(name: string): Promise<unknown> {
  const { channel, sealed } = (await channelById(house.deps.database, channelIdOf(name)))!;
  return JSON.parse((await openBox(house.deps, placeOfChannel(channel), sealed!)).reveal());
}

describe('what moves to another address', () => {
  test('takes its secrets along where the file gives them, although they are the same', async () => {
    expect(await told(line('old.example.com') + channels)).toEqual([3]);
    expect(await told(line('new.example.com') + channels, { secrets: moved })).toEqual([3]);
    expect(await connectionNow()).toEqual(['https://new.example.com', known['env:LINE'], '{"x-team":"blue"}']);
    expect(await channelNow('Gate')).toEqual({ url: 'https://new.example.com/send', token: 'token-0123456789' });
    expect(await channelNow('Hook')).toEqual({ url: 'https://new.example.com/hook', signingSecret: signing });
    expect(await apply(line('new.example.com') + channels, { secrets: moved })).toMatchObject({ steps: [], faults: [] });
  });

  test('is refused before anything is begun where they cannot be read here', async () => {
    const other = '  - { name: First, provider: openai, model: tiny, secret: env:LINE }\n';
    for (const isDryRun of [true, false]) {
      const { 'env:TOKEN': _token, 'env:TEAM': _team, ...some } = moved;
      some['env:GATE'] = 'https://third.example.com/send';
      expect(await told(line('third.example.com') + other + channels, { secrets: some, isDryRun })).toEqual([
        0,
        'connections[0].headers.X-Team: env:TEAM cannot be read here, and the stored value belongs to another address',
        'alertChannels[0].token: env:TOKEN cannot be read here, and the stored value belongs to another address',
      ]);
    }
    expect((await connectionNow())[0]).toBe('https://new.example.com');
  });

  test('keeps what cannot be read here where only its path is another one', async () => {
    expect(await told(line('new.example.com').replace('/v1', '/v2'), { secrets: {} })).toEqual([1]);
    expect(await connectionNow()).toEqual(['https://new.example.com', known['env:LINE'], '{"x-team":"blue"}']);
  });
});

describe('stored values that do not open', () => {
  const all = line('new.example.com') + channels + mail;
  const damage = async (): Promise<void> => {
    const { db, compile, driver } = house.deps.database;
    const [connection, channel, server] = [
      db.updateTable('ai_configurations').set({ api_key_encrypted: 'v1.AAAA', headers_encrypted: 'v1.AAAA' }),
      db.updateTable('alert_channels').set({ secret_encrypted: 'v1.AAAA' }),
      db.updateTable('mail_servers').set({ password_encrypted: 'v1.AAAA' }),
    ];
    await driver.write([compile(connection), compile(channel), compile(server)]);
  };

  test('end neither an export nor what is applied beside them, and stay where the file’s cannot be read', async () => {
    expect((await apply(all, { secrets: moved })).faults).toEqual([]);
    const before = await exportConfiguration(house.deps, caller);
    await damage();
    expect(await exportConfiguration(house.deps, caller)).toBe(before);
    expect(await told(`${all}policies:\n  - { name: No cards, rules: { personalData: [card] } }\n`, { secrets: {} })).toEqual([1]);
  });

  test('are replaced by those of the file', async () => {
    const { 'env:SIGN': _sign, ...some } = moved;
    expect(await told(all, { secrets: some })).toEqual([
      0,
      'alertChannels[1].signingSecret: env:SIGN cannot be read here, and the stored value does not open',
    ]);
    expect(await told(all, { secrets: moved })).toEqual([4]);
    expect(await connectionNow()).toEqual(['https://new.example.com', known['env:LINE'], '{"x-team":"blue"}']);
    expect(await channelNow('Hook')).toEqual({ url: 'https://new.example.com/hook', signingSecret: signing });
    const { server, sealed } = (await mailServer(house.deps.database))!;
    const place = placeOfMailPassword(house.deps.keeper.snapshot.organizationId, server);
    expect((await openBox(house.deps, place, sealed!)).reveal()).toBe('the-password-of-mail');
    expect(await apply(all, { secrets: moved })).toMatchObject({ steps: [], faults: [] });
  });

  test('of a channel are replaced by whoever enters all of them, and by nobody who leaves one out', async () => {
    await damage();
    const [url, id] = ['https://new.example.com/hook', channelIdOf('Hook')];
    await expect(changeChannel(house.deps, caller, id, { url })).rejects.toMatchObject({
      code: 'SECRET_UNREADABLE',
      details: [{ path: 'signingSecret', code: 'required' }],
    });
    await changeChannel(house.deps, caller, id, { url, signingSecret: signing });
    expect(await channelNow('Hook')).toEqual({ url, signingSecret: signing });
  });
});
