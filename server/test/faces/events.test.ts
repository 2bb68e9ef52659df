/** The stream of events, through the front door: who hears what, how one comes back, and how it ends. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createEvents } from '../../src/control/events.ts';
import { openStream, unreadBytesMax } from '../../src/faces/events/stream.ts';
import { streamsPerPersonMax } from '../../src/faces/events/routes.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
import { listen, type Listening } from './event-stream.ts';

let house: House;
let provider: FakeProvider;
let ada: Resident;
let ben: Resident;
let eve: Resident;
let workspaceId: string;
/** What a period of the clock waits for, so that a test can let the heartbeat come. */
const beats = new Set<() => void>();
const clock: Clock = {
  ...systemClock,
  every(periodMs, run) {
    if (periodMs !== 15_000) return systemClock.every(periodMs, run);
    beats.add(run);
    return { cancel: () => void beats.delete(run) };
  },
};

const opened: Listening[] = [];
const bearer = (person: Resident): Record<string, string> => ({ authorization: `Bearer ${person.token}` });
async function hear(person: Resident, headers: Record<string, string> = {}, after = ''): Promise<Listening> {
  const listening = await listen(house.url, { ...bearer(person), ...headers }, after);
  opened.push(listening);
  return listening;
}
/** The first event: from here on nothing is missed. */
const ready = (listening: Listening) => listening.until(({ event }) => event === 'hello' || event === 'resync');

const connect = async (person: Resident, name: string, extra: Record<string, unknown> = {}): Promise<string> => {
  const body = { name, baseUrl: provider.baseUrl, apiKey: 'sk-test-abcdefghijkl', defaultModel: 'gpt-4o', ...extra };
  return (await house.request('POST', '/api/ai-connections', { token: person.token, body })).at('id');
};

beforeAll(async () => {
  provider = await startFakeProvider();
  house = await openHouse({ clock, egressAllow: '127.0.0.1:*' });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  eve = await house.createResident('Eve');
  workspaceId = await house.createWorkspace('Lab', [
    [ada, 'ADMIN'],
    [ben, 'READ'],
  ]);
});
afterEach(async () => {
  for (const listening of opened.splice(0)) {
    listening.leave();
    await listening.ended;
  }
});
afterAll(async () => {
  await house.close();
  await provider.close();
});

describe('HEAD /api/events', () => {
  test('200 as often as one likes: it opens nothing that would stay open', async () => {
    const before = beats.size;
    const head = () => house.request('HEAD', '/api/events', { token: eve.token });
    for (let count = 0; count <= streamsPerPersonMax; count++) expect((await head()).status).toBe(200);
    expect(beats.size).toBe(before);
    expect((await hear(eve)).status).toBe(200);
  });
});

describe('GET /api/events', () => {
  test('200 is an event stream that no proxy may keep, and begins with the revision', async () => {
    const stream = await hear(ben);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.get('cache-control')).toBe('no-store');
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    expect(stream.headers.get('content-encoding')).toBeNull();
    const { event, data } = await ready(stream);
    expect(event).toBe('hello');
    expect(data['revision']).toBe(house.deps.keeper.snapshot.revision);
  });

  test('200 tells of a connection that was made, tested and deleted', async () => {
    const stream = await hear(ben);
    await ready(stream);
    const id = await connect(ben, 'Told');
    await stream.until(({ event, data }) => event === 'connection.changed' && data['id'] === id && data['isDeleted'] === false);
    await house.request('POST', `/api/configurations/${id}/test`, { token: ben.token, body: {} });
    const tested = await stream.until(({ event, data }) => event === 'connection.status' && data['id'] === id);
    expect(tested.data).toMatchObject({ status: 'success', latencyMs: expect.any(Number) as number });
    await house.request('DELETE', `/api/ai-connections/${id}`, { token: ben.token });
    await stream.until(({ event, data }) => event === 'connection.changed' && data['id'] === id && data['isDeleted'] === true);
    expect(JSON.stringify(stream.heard)).not.toContain('sk-test');
    expect(JSON.stringify(stream.heard)).not.toContain('Told');
  });

  test("200 says nothing of what the listener may not see: a stranger's connection, key, token, account or workspace", async () => {
    const [stranger, administrator] = [await hear(eve), await hear(ada)];
    await ready(stranger);
    const id = await connect(ben, 'Hidden');
    await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: 'hidden' } });
    await house.request('POST', '/api/tokens', { token: ben.token, body: { name: 'hidden' } });
    await house.request('PATCH', '/api/me', { token: ben.token, body: { name: 'Benjamin' } });
    await house.request('PUT', `/workspace/${workspaceId}/users/${ben.id}`, { token: ada.token, body: { role: 'WRITE' } });
    const price = { provider: 'openai', model: 'hidden', tiers: [{ input: '1', output: '2' }] };
    await house.request('POST', '/api/admin/prices', { token: ada.token, body: price });
    // The last word is one that the stranger may hear: what should not come would have come before it.
    const own = await connect(eve, 'Own');
    await stranger.until(({ data }) => data['id'] === own);
    expect(stranger.heard.map(({ event, data }) => [event, data['id'] ?? data['topic']])).toEqual([
      ['hello', undefined],
      ['connection.changed', own],
    ]);
    // Not even an administrator hears of private connections; of people they do.
    expect(administrator.heard.some(({ data }) => data['id'] === id)).toBe(false);
    for (const topic of ['people', 'prices'])
      await administrator.until(({ event, data }) => event === 'config.changed' && data['topic'] === topic);
  });

  test('200 tells everybody of a template that was made, changed or deleted, and administrators alone of how long things are kept', async () => {
    const [member, administrator] = [await hear(ben), await hear(ada)];
    await ready(member);
    await ready(administrator);
    const send = (method: string, path: string, body?: unknown) => house.request(method, path, { token: ada.token, body });
    const told = async (of: typeof member, topic: string, times: number): Promise<void> => {
      let heard = 0;
      await of.until(({ event, data }) => event === 'config.changed' && data['topic'] === topic && (heard += 1) === times);
    };
    await send('PATCH', '/api/admin/settings/retention', { days: { tasks: 11 } });
    await told(administrator, 'retention', 1);
    const template = { name: 'Told', configuration: { model: 'gpt-4o' } };
    const id = (await send('POST', '/api/admin/templates', { provider: 'openai', ...template })).at('data.id');
    await told(member, 'templates', 1);
    await send('PUT', `/api/admin/templates/${id}`, { ...template, description: 'again' });
    await told(member, 'templates', 2);
    await send('DELETE', `/api/admin/templates/${id}`);
    await told(member, 'templates', 3);
    expect(member.heard.some(({ data }) => data['topic'] === 'retention')).toBe(false);
  });

  test('200 what the organization shares is told to everybody, and what a workspace shares to its members', async () => {
    const streams = [await hear(ben), await hear(eve)] as const;
    await Promise.all(streams.map(ready));
    const shared = await connect(ada, 'Shared', { scope: 'organization' });
    await Promise.all(streams.map((stream) => stream.until(({ data }) => data['id'] === shared)));
    const body = { name: 'Labs own', aiType: 'OTHER', endpoint: provider.baseUrl, secret: 'sk-test-abcdefghijkl', workspaceId };
    const made = await house.request('POST', '/ai/llm', { token: ada.token, body });
    expect(made.status).toBe(200);
    const end = await connect(ada, 'End', { scope: 'organization' });
    await Promise.all(streams.map((stream) => stream.until(({ data }) => data['id'] === end)));
    const told = streams.map(({ heard }) => heard.filter(({ event }) => event === 'connection.changed').length);
    expect(told).toEqual([3, 2]);
  });

  test('200 who names the event that the profile knew of hears what came since, and a header of a later one goes before it', async () => {
    const profile = await house.request('GET', '/api/me', { token: ben.token });
    const first = await connect(ben, 'Between');
    const stream = await hear(ben, {}, profile.at('data.lastEventId'));
    expect((await ready(stream)).event).toBe('hello');
    await stream.until(({ event, data }) => event === 'connection.changed' && data['id'] === first);
    const second = await connect(ben, 'Later');
    await stream.until(({ data }) => data['id'] === second);
    const again = await hear(ben, { 'last-event-id': stream.lastId() }, profile.at('data.lastEventId'));
    await ready(again);
    const end = await connect(ben, 'After both');
    await again.until(({ data }) => data['id'] === end);
    expect(again.heard.map(({ data }) => data['id'])).toEqual([undefined, end]);
    expect((await ready(await hear(ben, {}, 'of-another-run.7'))).event).toBe('resync');
  });

  test('400 for an id that is longer than any', async () => {
    const refused = await house.request('GET', `/api/events?after=${'x'.repeat(81)}`, { token: ben.token });
    expect([refused.status, refused.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('200 a person whose rights have just changed is judged by the new ones', async () => {
    const moved = await house.createResident('Moved');
    const stream = await hear(moved);
    await ready(stream);
    await house.createWorkspace('New', [
      [ada, 'ADMIN'],
      [moved, 'READ'],
    ]);
    await stream.until(({ event, data }) => event === 'config.changed' && data['topic'] === 'workspaces');
    await stream.until(({ event, data }) => event === 'config.changed' && data['topic'] === 'me');
    const topics = stream.heard.filter(({ event }) => event === 'config.changed').map(({ data }) => data['topic']);
    expect(new Set(topics)).toEqual(new Set(['workspaces', 'me']));
  });

  test('200 goes on after Last-Event-ID without a gap and without a repetition', async () => {
    const first = await hear(ben);
    await ready(first);
    const seen = await connect(ben, 'Seen');
    await first.until(({ data }) => data['id'] === seen);
    const lastId = first.lastId();
    first.leave();
    await first.ended;
    const missed = await connect(ben, 'Missed');
    const second = await hear(ben, { 'last-event-id': lastId });
    await second.until(({ data }) => data['id'] === missed);
    expect(second.heard.map(({ event, data }) => [event, data['id']])).toEqual([
      ['hello', undefined],
      ['connection.changed', missed],
    ]);
  });

  test.each(['nonsense', '01890a5d-ac96-774b-bcce-b302099a8057.3', '.', 'x'.repeat(5000)])(
    '200 says resync where the id %s is of another run or of none',
    async (id) => {
      const stream = await hear(ben, { 'last-event-id': id });
      expect((await ready(stream)).event).toBe('resync');
    },
  );

  test('200 ends with the session: at the next heartbeat at the latest, and says so', async () => {
    const cookie = await house.signIn(ben);
    const stream = await listen(house.url, { cookie });
    opened.push(stream);
    await ready(stream);
    for (const beat of beats) beat();
    await house.request('POST', '/api/auth/sign-out', { cookie, body: {} });
    for (const beat of beats) beat();
    await stream.until(({ event }) => event === 'signed-out');
    await stream.ended;
    expect(stream.heard.at(-1)?.event).toBe('signed-out');
  });

  test('200 ends at once for a person who is switched off', async () => {
    const gone = await house.createResident('Gone');
    const stream = await hear(gone);
    await ready(stream);
    await house.request('PATCH', `/api/admin/users/${gone.id}`, { token: ada.token, body: { disabled: true } });
    await stream.until(({ event }) => event === 'signed-out');
    await stream.ended;
    expect(stream.heard.at(-1)?.event).toBe('signed-out');
  });

  test('401 for nobody, and for an access key', async () => {
    expect((await house.request('GET', '/api/events')).status).toBe(401);
    const key = await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: 'data plane' } });
    expect((await house.request('GET', '/api/events', { token: key.at('data.key') })).status).toBe(401);
  });

  test('429 for more streams than one person has browsers; a stream that is left makes room', async () => {
    const streams = await Promise.all(Array.from({ length: streamsPerPersonMax }, () => hear(eve)));
    const refused = await house.request('GET', '/api/events', { token: eve.token });
    expect([refused.status, refused.body.error_code, refused.headers.get('retry-after')]).toEqual([429, 'RATE_LIMITED', '10']);
    expect((await hear(ben)).status).toBe(200);
    streams[0]!.leave();
    await streams[0]!.ended;
    await expect.poll(async () => (await hear(eve)).status).toBe(200);
  });

  test('503 for a server that is closing, whose streams have ended', async () => {
    const closing = await openHouse();
    const person = await closing.createResident('Ada');
    const stream = await listen(closing.url, bearer(person));
    closing.deps.events.close();
    await stream.ended;
    expect((await closing.request('GET', '/api/events', { token: person.token })).status).toBe(503);
    await closing.close();
  });
});

describe('one stream', () => {
  const ids = createIds(systemClock);
  const parts = (keptMax?: number) => {
    const events = createEvents(ids, keptMax);
    const stream = openStream(
      { events, clock: systemClock, keeper: house.deps.keeper },
      { actor: ben.actor, lastEventId: null, isStillIn: () => Promise.resolve(true) },
    );
    return { events, stream };
  };
  const event = (id: string) =>
    ({
      name: 'connection.changed',
      data: { id, revision: 1, isDeleted: false },
      audience: { userIds: [ben.id] },
    }) as const;

  test('is let go when nobody reads it, and holds no more than its bound until then', () => {
    const { events, stream } = parts();
    let sent = 0;
    for (; !stream.destroyed && sent < 10_000; sent++) events.publish(event(ids.uuid()));
    expect(stream.destroyed).toBe(true);
    expect(stream.readableLength).toBeLessThanOrEqual(unreadBytesMax);
    expect(sent).toBeGreaterThan(100);
  });

  test('whoever missed more than a stream holds is told to reload, and stays', () => {
    const events = createEvents(ids);
    const lastEventId = events.lastId;
    for (let at = 0; at < 40; at++) events.publish(event('x'.repeat(unreadBytesMax / 32)));
    const listener = { actor: ben.actor, lastEventId, isStillIn: () => Promise.resolve(true) };
    const stream = openStream({ events, clock: systemClock, keeper: house.deps.keeper }, listener);
    expect(stream.destroyed).toBe(false);
    expect(String(stream.read())).toContain(`id: ${events.lastId}\nevent: resync\n`);
    stream.destroy();
  });

  test('leaves nothing behind when it is closed', async () => {
    const { events, stream } = parts();
    expect(events.listeners).toBe(1);
    stream.destroy();
    await expect.poll(() => events.listeners).toBe(0);
  });

  test('what is kept is bounded: the oldest is forgotten, and whoever needs it is told to reload', () => {
    const events = createEvents(ids, 3);
    const before = events.lastId;
    for (const id of ['a', 'b', 'c']) events.publish(event(id));
    expect(events.since(before)?.map(({ data }) => (data as { id: string }).id)).toEqual(['a', 'b', 'c']);
    events.publish(event('d'));
    expect(events.since(before)).toBeNull();
    expect(events.since(events.lastId)).toEqual([]);
    expect(events.since(`${events.lastId}9`)).toBeNull();
  });
});
