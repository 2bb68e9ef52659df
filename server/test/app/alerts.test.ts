/** From a provider that dies to the people who are told: once when it dies, once when it is back, whatever other channels do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { openHook, openMailbox, openSilence, readMail, type Hook, type Mailbox } from '../support/alert-receivers.ts';
import { plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let aheadMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
const patient = { interval: 100 };

let house: House;
let ada: Resident;
let provider: FakeProvider;
let hook: Hook;
let mailbox: Mailbox;
let silence: Awaited<ReturnType<typeof openSilence>>;
let signingSecret: string;
let key: string;

const send = (method: string, path: string, body?: unknown) => house.request(method, path, { token: ada.token, body });
const ask = () =>
  house.request('POST', '/v1/chat/completions', {
    token: key,
    body: { model: 'Line/gpt-4o', messages: [{ role: 'user', content: 'hi' }] },
  });
interface Seen {
  id: string;
  channelName: string;
  event: string;
  state: string;
}
const listed = (reply: Reply): Seen[] => reply.body['data'] as unknown as Seen[];
const active = async (): Promise<Seen[]> => listed(await send('GET', '/api/alerts?state=active'));
/** Makes something; a refusal ends the test file. */
async function make(method: string, path: string, body: unknown): Promise<Reply> {
  const reply = await send(method, path, body);
  if (reply.status > 201) throw new Error(reply.text);
  return reply;
}

beforeAll(async () => {
  provider = await startFakeProvider();
  hook = await openHook();
  mailbox = await openMailbox({ user: { name: 'patchbay', password: 'a mail password' } });
  silence = await openSilence();
  house = await openHouse({ egressAllow: '127.0.0.1:*', clock });
  ada = await house.createResident('Ada', 'administrator');
  const connection = { name: 'Line', provider: 'custom', baseUrl: provider.baseUrl, model: 'gpt-4o', apiKey: 'sk-of-the-tests-1234' };
  await make('POST', '/api/configurations', connection);
  key = (await send('POST', '/api/access-keys', { name: 'app' })).at('data.key');
  for (const { id } of listed(await send('GET', '/api/alert-rules'))) await send('DELETE', `/api/alert-rules/${id}`);
  const mail = {
    host: '127.0.0.1',
    port: mailbox.port,
    security: 'none',
    username: 'patchbay',
    password: 'a mail password',
    sender: 'Patchbay <patchbay@example.org>',
  };
  await make('PUT', '/api/admin/mail', mail);
  await make('POST', '/api/alert-channels', { scope: 'organization', kind: 'webhook', name: 'Dead', url: silence.url });
  const living = await make('POST', '/api/alert-channels', { scope: 'organization', kind: 'webhook', name: 'Ops', url: hook.url });
  signingSecret = living.at('data.signingSecret');
  await make('POST', '/api/alert-channels', { scope: 'organization', kind: 'email', name: 'People', recipients: [ada.email, 'ops@example.org'], language: 'id', timeZone: 'Asia/Jakarta' }); // prettier-ignore
  await make('POST', '/api/alert-rules', {
    scope: 'organization',
    kind: 'connection-failing',
    windowS: 0,
    severity: 'critical',
  });
});
afterAll(async () => {
  await house.close();
  await Promise.all([provider.close(), hook.close(), mailbox.close(), silence.close()]);
});

test('a provider that dies is alerted once and resolved once; a dead channel delays nobody', async () => {
  expect((await ask()).status).toBe(200);
  provider.answer(({ response }) => void response.socket?.destroy());
  for (let request = 0; request < 6; request++) await ask();
  await expect.poll(async () => (await active()).length, patient).toBe(1);
  expect((await active())[0]).toMatchObject({ kind: 'connection-failing', severity: 'critical', headline: 'Line does not answer' });
  await expect.poll(() => [hook.posts.length, mailbox.mails.length], patient).toEqual([1, 2]);
  // More of the same, and more looks, are the same alert.
  for (let look = 0; look < 3; look++) {
    await ask();
    await house.deps.alertWatch.look();
  }
  expect((await active()).length).toBe(1);
  provider.answer(plain);
  await expect
    .poll(async () => {
      await ask();
      // What is over must stay over for a while.
      aheadMs += 11_000;
      await house.deps.alertWatch.look();
      return (await active()).length;
    }, patient)
    .toBe(0);
  await expect.poll(() => [hook.posts.length, mailbox.mails.length], patient).toEqual([2, 4]);
  await house.deps.alertWatch.look();
  const [alert] = listed(await send('GET', '/api/alerts?state=resolved'));
  const seen = await send('GET', `/api/alert-deliveries?alertId=${alert!.id}`);
  const deliveries = listed(seen).map(({ channelName, event, state }) => [channelName, event, state]);
  expect(deliveries.filter(([name]) => name !== 'Dead').toSorted((a, b) => (a.join() < b.join() ? -1 : 1))).toEqual([
    ['Ops', 'firing', 'sent'],
    ['Ops', 'resolved', 'sent'],
    ['People', 'firing', 'sent'],
    ['People', 'firing', 'sent'],
    ['People', 'resolved', 'sent'],
    ['People', 'resolved', 'sent'],
  ]);
  // The dead one is tried again, and its second word waits for its first.
  expect(deliveries.filter(([name]) => name === 'Dead').map(([, , state]) => state)).toEqual(['waiting', 'waiting']);
});

test('the receiver of a webhook verifies with the library of Standard Webhooks that it came from here', () => {
  const verifier = new Webhook(signingSecret);
  const types = hook.posts.map(({ text, headers }) => {
    // The house's clock of this test is ahead of the verifier's, which refuses what is not from now: only the first is from now.
    const isOfNow = Math.abs(Number(headers['webhook-timestamp']) - systemClock.nowMs() / 1000) < 200;
    const read = JSON.parse(text) as { type: string };
    if (isOfNow) expect(verifier.verify(text, headers as Record<string, string>)).toMatchObject({ type: read.type });
    return [read.type, isOfNow];
  });
  expect(types[0]).toEqual(['alert.firing', true]);
  expect(types.map(([type]) => type)).toEqual(['alert.firing', 'alert.resolved']);
  const [first] = hook.posts;
  expect(() => verifier.verify(`${first!.text} `, first!.headers as Record<string, string>)).toThrow(/signature/i);
});

test('mail comes in the language and the zone of its reader: their own, or the channel’s for an address that is nobody’s here', () => {
  const mails = mailbox.mails.map(({ raw, to, user }) => ({ ...readMail(raw), to: to[0], user }));
  const of = (to: string) => mails.filter((mail) => mail.to === to);
  expect(of(ada.email).map(({ headers }) => headers.get('subject'))).toEqual([
    'Critical: Line does not answer',
    'Resolved: Line does not answer',
  ]);
  expect(of('ops@example.org').map(({ headers }) => headers.get('subject'))).toEqual([
    'Kritis: Line tidak menjawab',
    'Sudah pulih: Line tidak menjawab',
  ]);
  expect(of('ops@example.org')[0]!.text).toContain('WIB');
  expect(of('ops@example.org')[0]!.html).toContain('lang="id"');
  expect(mails.every(({ user }) => user === 'patchbay')).toBe(true);
});
