/** Limits through the data plane: of users, workspaces, connections and routing groups, and what callers are told when one is reached. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createLimit, removeLimit, type LimitInput } from '../../src/control/limits.ts';
import { changeLimitSettings } from '../../src/control/limit-settings.ts';
import { createGroup } from '../../src/control/routing-groups.ts';
import { testSaved } from '../../src/control/connection-test.ts';
import { holding, plain, refusing, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { noonClock } from '../support/moving-clock.ts';
import { errorOf, message, openRig, type Rig } from './rig.ts';
import { until } from '../support/wait.ts';

let first: FakeProvider;
let second: FakeProvider;
let rig: Rig;
let firstId: string;
let secondId: string;
const asked = { model: 'gpt-4o', messages: message(), max_tokens: 10 };

beforeAll(async () => {
  [first, second] = await Promise.all([startFakeProvider(), startFakeProvider()]);
  rig = await openRig({ clock: noonClock() });
  firstId = (await rig.connect({ name: 'first', baseUrl: first.baseUrl })).id;
  secondId = (await rig.connect({ name: 'second', baseUrl: second.baseUrl })).id;
});
afterAll(async () => {
  await rig.close();
  await Promise.all([first.close(), second.close()]);
});

/** Sets a limit for the length of a test. */
async function limit(kind: LimitInput['subject']['kind'], id: string, part: Partial<LimitInput>): Promise<string> {
  const { limit: made } = await createLimit(rig.deps, rig.caller, {
    subject: { kind, id },
    kind: 'requests',
    value: 1,
    isShadow: false,
    ...part,
  });
  onTestFinished(async () => {
    await removeLimit(rig.deps, rig.caller, made.id!);
  });
  return made.id!;
}

test('429 names the user’s limit, and two keys of the user share it', async () => {
  const id = await limit('user', rig.caller.actor.userId, { value: 2 });
  const keys = [await rig.issueKey(), await rig.issueKey()];
  expect((await rig.ask(keys[0]!.text, asked)).status).toBe(200);
  expect((await rig.ask(keys[1]!.text, asked)).status).toBe(200);
  const said = await rig.ask(keys[0]!.text, asked);
  expect(said.status).toBe(429);
  expect(errorOf(said)).toMatchObject({
    message: 'The limit of 2 requests per minute of this user is reached.',
    limit: {
      name: 'user.requests.minute',
      id,
      subject: { kind: 'user', id: rig.caller.actor.userId },
      kind: 'requests',
      period: 'minute',
      value: 2,
    },
  });
  expect(said.headers['x-patchbay-limit']).toBe('user.requests.minute');
});

test('a connection whose limit is reached gives its turn to the next one, and refuses only where there is none', async () => {
  await limit('connection', firstId, { value: 1 });
  const key = await rig.issueKey();
  const before = [first.received.length, second.received.length];
  for (let count = 0; count < 3; count++) expect((await rig.ask(key.text, asked)).status).toBe(200);
  expect([first.received.length - before[0]!, second.received.length - before[1]!]).toEqual([1, 2]);
  const pinned = await rig.ask(key.text, asked, { 'x-patchbay-connection': firstId });
  expect([pinned.status, errorOf(pinned).limit?.name]).toEqual([429, 'connection.requests.minute']);
  // Who was refused is in the books as refused, and no attempt was made for it.
  expect(await rig.rowsOf(String(pinned.headers['x-request-id']))).toMatchObject([
    { state: 'refused', attemptNo: 0, reason: 'rate_limit_exceeded' },
  ]);
});

test('a connection is asked by no more at once than may, and again as soon as one is answered', async () => {
  await limit('connection', firstId, { kind: 'concurrent', value: 2 });
  first.answer(holding(plain));
  const key = await rig.issueKey();
  const before = first.received.length;
  const ask = () => rig.ask(key.text, asked, { 'x-patchbay-connection': firstId });
  const held = [ask(), ask()];
  await until(() => first.received.length === before + 2, 'two are with the provider');
  expect(errorOf(await ask()).limit?.name).toBe('connection.concurrent');
  first.release();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  first.answer(plain);
  expect((await ask()).status).toBe(200);
});

test('402 names the budget of the connection, which every key spends; the money of all five is set aside together or not at all', async () => {
  // What it spent before counts too, so it is one that has spent nothing.
  const fresh = await rig.connect({ name: 'fresh', baseUrl: first.baseUrl });
  await limit('connection', fresh.id, { kind: 'money', period: 'day', value: '0.0005' });
  const keys = [await rig.issueKey(), await rig.issueKey({ budgetUsd: '1' })];
  const ask = (index: number) => rig.ask(keys[index % 2]!.text, asked, { 'x-patchbay-connection': fresh.id });
  const statuses: number[] = [];
  for (let count = 0; count < 8; count++) statuses.push((await ask(count)).status);
  expect(statuses).toContain(200);
  const last = await ask(1);
  expect([last.status, errorOf(last).limit?.name]).toEqual([402, 'connection.money.day']);
  expect(errorOf(last).message).toBe('The budget of 0.0005 US dollars a day of this connection is used up.');
  // What the connection refused was given back to the key, to the last nano-dollar.
  const spent = rig.deps.limits.usedOf({ kind: 'access-key', id: keys[1]!.id }, 'money', 'total', 0);
  expect(spent).toBe(statuses.filter((status, index) => index % 2 === 1 && status === 200).length * 97_500);
});

test('a failed attempt at another connection costs nothing of the budget', async () => {
  await limit('connection', secondId, { kind: 'money', period: 'total', value: '1' });
  second.answer(refusing(500));
  onTestFinished(() => second.answer(plain));
  const key = await rig.issueKey();
  const spent = () => rig.deps.limits.usedOf({ kind: 'connection', id: secondId }, 'money', 'total', 0);
  const ask = async () => (await rig.ask(key.text, asked, { 'x-patchbay-connection': secondId })).status;
  expect(await ask()).toBe(502);
  const before = spent();
  // By the books, with what was spent on it before there was a budget.
  expect(before).toBeGreaterThan(0);
  expect(await ask()).toBe(502);
  expect(spent()).toBe(before);
});

test('a routing group has its own limits: requests once per request, and a budget that is read from the books', async () => {
  const targets = [
    { connectionId: firstId, model: 'gpt-4o', weight: 1, isEnabled: true },
    { connectionId: secondId, model: 'gpt-4o', weight: 1, isEnabled: true },
  ];
  const group = await createGroup(
    rig.deps,
    rig.caller,
    { scope: 'organization', id: rig.deps.keeper.snapshot.organizationId },
    { name: 'both', strategy: 'ordered', targets, isActive: true },
  );
  const groupId = group.group.id;
  const key = await rig.issueKey();
  const ask = () => rig.ask(key.text, { ...asked, model: 'both' });
  // Spent before there was a limit, and counted all the same.
  expect((await ask()).status).toBe(200);
  await limit('group', groupId, { kind: 'money', period: 'month', value: '0.00055' });
  await limit('group', groupId, { value: 3 });
  first.answer(refusing(500));
  expect((await ask()).status).toBe(200);
  first.answer(plain);
  // Two attempts, one request.
  expect(rig.deps.limits.usedOf({ kind: 'group', id: groupId }, 'requests', null, 0)).toBe(1);
  expect(rig.deps.limits.usedOf({ kind: 'group', id: groupId }, 'money', 'month', rig.deps.clock.nowMs())).toBe(2 * 97_500);
  expect((await ask()).status).toBe(200);
  const poor = await ask();
  expect([poor.status, errorOf(poor).limit?.name]).toEqual([402, 'group.money.month']);
});

test('a limit in the shadow lets everybody pass, also where no price is known', async () => {
  await limit('user', rig.caller.actor.userId, { kind: 'money', period: 'day', value: '0.0000001', isShadow: true });
  await limit('user', rig.caller.actor.userId, { value: 1, isShadow: true });
  const key = await rig.issueKey();
  for (let count = 0; count < 4; count++) {
    const said = await rig.ask(key.text, { ...asked, model: count % 2 === 0 ? 'gpt-4o' : 'first/unheard-of' });
    expect(said.status).toBe(200);
    expect(said.headers['x-ratelimit-limit-requests']).toBeUndefined();
  }
});

test('the ceiling of the installation bounds what is set aside and sent where nobody names a maximum', async () => {
  const key = await rig.issueKey({ budgetUsd: '5' });
  await changeLimitSettings(rig.deps, rig.caller, { outputTokensCeiling: 700 });
  onTestFinished(async () => void (await changeLimitSettings(rig.deps, rig.caller, { outputTokensCeiling: null })));
  const said = await rig.ask(key.text, { model: 'gpt-4o', messages: message() }, { 'x-patchbay-connection': firstId });
  expect(said.status).toBe(200);
  expect(first.received.at(-1)?.json).toMatchObject({ max_completion_tokens: 700 });
  expect((await rig.rowsOf(String(said.headers['x-request-id'])))[0]!.reserved).toBeGreaterThanOrEqual(7_000_000);
  // Who names one is taken at their word.
  await rig.ask(key.text, { ...asked, max_tokens: 900 }, { 'x-patchbay-connection': firstId });
  expect(first.received.at(-1)?.json).toMatchObject({ max_tokens: 900 });
});

test('a test of a connection is held to its limits like every other call, and says so', async () => {
  await limit('connection', secondId, { value: 1 });
  const run = () => testSaved(rig.deps, rig.caller, secondId, { maxAgeS: null });
  await run();
  await expect(run()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
});

test('what nobody was asked in the end leaves no tokens behind in the window', async () => {
  const key = await rig.issueKey({ tpm: 1_000 });
  expect((await rig.ask(key.text, { model: 'nobody-has-it', messages: message() })).status).toBe(404);
  expect((await rig.ask(key.text, { model: 'gpt-4o', messages: message() })).status).toBe(200);
});
