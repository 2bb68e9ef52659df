/** Alert channels below the faces: what each kind takes, whose secret goes where, and what is left of it in the database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeChannel, createChannel, deleteChannel, listChannels } from '../../src/control/alert-channels.ts';
import type { AlertChannel } from '../../src/domain/alert.ts';
import { interrupted, openRoomsHouse, refusalOf, type RoomsHouse } from '../support/rooms-house.ts';

type Input = Parameters<typeof createChannel>[2];
const url = 'http://127.0.0.1:9/in?key=of-the-test';
const signingSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
let place: RoomsHouse;
beforeAll(async () => {
  place = await openRoomsHouse();
});
afterAll(() => place.house.close());

const deps = () => place.house.deps;
const create = (input: Partial<Input>, by = place.head) =>
  createChannel(deps(), by, { scope: 'workspace', workspaceId: place.workspace.id, kind: 'webhook', name: 'Channel', ...input });
const make = async (input: Partial<Input> = {}, by = place.head): Promise<AlertChannel> => (await create({ url, ...input }, by)).channel;
const sealedOf = async (id: string): Promise<string | null> =>
  (await deps().database.db.selectFrom('alert_channels').select('secret_encrypted').where('id', '=', id).executeTakeFirstOrThrow())
    .secret_encrypted;

test.each([
  ['email', {}, ['recipients required']],
  ['email', { recipients: [] }, ['recipients required']],
  ['email', { recipients: ['a@example.org'], url, token: 't' }, ['url not_of_this_kind', 'token not_of_this_kind']],
  ['webhook', { url: '' }, ['url required', 'url scheme']],
  ['webhook', { url, signingSecret: 'whsec_short' }, ['signingSecret invalid']],
  ['slack', { url, signingSecret }, ['signingSecret not_of_this_kind']],
  ['teams', { chatId: '1' }, ['chatId not_of_this_kind', 'url required']],
  ['telegram', {}, ['token required', 'chatId required']],
  ['whatsapp', { url }, ['to required']],
  ['whatsapp', { url, to: '1', tokenHeader: 'host' }, ['tokenHeader invalid']],
  ['whatsapp', { url, to: '1', tokenHeader: 'content-length' }, ['tokenHeader invalid']],
  ['slack', { url, timeZone: 'Mars/Olympus' }, ['timeZone unknown_zone']],
  ['slack', { url: 'http://10.0.0.1/in' }, ['url egress_blocked']],
  ['slack', { url: 'ftp://example.org/in' }, ['url scheme']],
  ['slack', { url: 'https://me:word@example.org/in' }, ['url credentials']],
] as [Input['kind'], Partial<Input>, string[]][])('%s with %j is refused at %j', async (kind, input, faults) => {
  expect(await refusalOf(create({ kind, ...input }))).toEqual(['VALIDATION_ERROR', ...faults]);
});

describe('a channel', () => {
  test('is trusted as an administrator’s for the installation alone', async () => {
    expect((await make({ scope: 'organization' }, place.admin)).trust).toBe('administrator');
    expect((await make({}, place.admin)).trust).toBe('member');
    expect((await make({ scope: 'user' }, place.admin)).trust).toBe('member');
    expect(await refusalOf(make({ scope: 'organization' }, place.head))).toEqual(['FORBIDDEN']);
  });

  test('of mail has nothing to seal; every other has, and none of it in plain', async () => {
    const mail = await make({ kind: 'email', url: undefined, recipients: ['a@example.org'] });
    expect([mail.hasSecret, await sealedOf(mail.id)]).toEqual([false, null]);
    const chat = await make({ kind: 'telegram', url: undefined, token: '12345:of-the-test', chatId: '@ops' });
    expect(chat).toMatchObject({ hasSecret: true, origin: 'https://api.telegram.org', settings: { chatId: '@ops' } });
    expect(JSON.stringify([chat, await sealedOf(chat.id)])).not.toContain('of-the-test');
    const noted = await deps().database.db.selectFrom('audit_entries').select('changes').where('subject_id', '=', chat.id).execute();
    expect(JSON.stringify(noted)).toContain('@ops');
    expect(JSON.stringify(noted)).not.toContain('of-the-test');
  });

  test('makes a signing secret where none is given, and says it that once', async () => {
    const made = await create({ url });
    expect(made.signingSecret).toMatch(/^whsec_/);
    expect((await create({ url, signingSecret })).signingSecret).toBe(null);
    expect((await changeChannel(deps(), place.head, made.channel.id, { name: 'Other' })).signingSecret).toBe(null);
  });

  test('keeps its sealed text until what is sealed changes, and its token to its own address', async () => {
    const { id } = await make({ kind: 'telegram', url: undefined, token: 'one', chatId: '1' });
    const before = await sealedOf(id);
    await changeChannel(deps(), place.head, id, { name: 'Renamed', chatId: '2' });
    expect(await sealedOf(id)).toBe(before);
    await changeChannel(deps(), place.head, id, { token: 'two' });
    expect(await sealedOf(id)).not.toBe(before);
    const refused = refusalOf(changeChannel(deps(), place.head, id, { url: 'http://127.0.0.1:9/bots' }));
    expect(await refused).toEqual(['SECRET_REQUIRED_FOR_NEW_ORIGIN', 'token required_for_new_origin']);
    const moved = await changeChannel(deps(), place.head, id, { url: 'http://127.0.0.1:9/bots', token: 'two' });
    expect(moved.channel.origin).toBe('http://127.0.0.1:9');
    // Another path at the same address is no other receiver.
    expect(await refusalOf(changeChannel(deps(), place.head, id, { url: 'http://127.0.0.1:9/others' }))).toBe(null);
  });

  test('does not open what was sealed for another one', async () => {
    const [one, two] = [await make(), await make()];
    const moved = { secret_encrypted: await sealedOf(one.id) };
    await deps().database.db.updateTable('alert_channels').set(moved).where('id', '=', two.id).execute();
    // What stays beside it would be somebody else's: all of it is entered anew, or nothing.
    const half = refusalOf(changeChannel(deps(), place.head, two.id, { url: `${url}&more` }));
    expect(await half).toEqual(['SECRET_UNREADABLE', 'signingSecret required']);
    const signingSecret = `whsec_${Buffer.alloc(33, 7).toString('base64')}`;
    expect(await refusalOf(changeChannel(deps(), place.head, two.id, { url: `${url}&more`, signingSecret }))).toBe(null);
    expect(await sealedOf(two.id)).not.toBe(moved.secret_encrypted);
    expect(await refusalOf(changeChannel(deps(), place.head, one.id, { url: `${url}&more` }))).toBe(null);
  });

  test('that two people change keeps what each named; one that goes meanwhile is not there', async () => {
    const { id } = await make();
    const late = interrupted(deps(), () => changeChannel(deps(), place.admin, id, { language: 'id' }));
    expect((await changeChannel(late, place.head, id, { name: 'Late' })).channel).toMatchObject({ name: 'Late', language: 'id' });
    const gone = interrupted(deps(), () => deleteChannel(deps(), place.admin, id));
    expect(await refusalOf(changeChannel(gone, place.head, id, { name: 'Later' }))).toEqual(['NOT_FOUND']);
    expect(await sealedOf(id)).toBe(null);
  });

  test('is listed to those of its owner and changed by those who may', async () => {
    const { id } = await make();
    const sees = async (by = place.head): Promise<boolean> =>
      (await listChannels(deps(), by.actor)).some(({ channel }) => channel.id === id);
    expect([await sees(), await sees(place.reader), await sees(place.admin), await sees(place.outsider)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(await refusalOf(deleteChannel(deps(), place.reader, id))).toEqual(['FORBIDDEN']);
    expect(await place.auditOf('alert_channel.delete', id)).toEqual([['refused', 'FORBIDDEN', place.reader.actor.userId]]);
    expect(await sees(place.reader)).toBe(true);
  });
});
