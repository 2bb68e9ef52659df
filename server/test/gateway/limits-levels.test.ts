/** Limits at all five levels at once: which one is named, what is given back after every kind of end, and that two hundred random requests leave nothing behind. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createWorkspace } from '../../src/control/workspaces.ts';
import type { LimitSubject, LimitSubjectKind } from '../../src/domain/limit.ts';
import { requestsInFlight } from '../../src/gateway/admit.ts';
import {
  chunk,
  holding,
  holdingBetween,
  plain,
  refusing,
  roleEvent,
  sse,
  startFakeProvider,
  streaming,
  whole,
  wholeBody,
  type Answer,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { admittedTo, bookedOn, call, groupOf, idOf, limitFor, moneyOf, policyFor, say, underWay, untilQuiet } from './together-kit.ts';
import { noonClock } from '../support/moving-clock.ts';
import { errorOf, message, openRig, type Rig, type Said } from './rig.ts';
import { turns, until } from '../support/wait.ts';

const kinds: LimitSubjectKind[] = ['access-key', 'user', 'workspace', 'connection', 'group'];
let rig: Rig;
let fakes: FakeProvider[] = [];
let workspaceId = '';
const ids: string[] = [];
let places = 0;

beforeAll(async () => {
  rig = await openRig({ clock: noonClock() });
  fakes = await Promise.all([startFakeProvider(), startFakeProvider()]);
  workspaceId = (await createWorkspace(rig.deps, rig.caller, 'Lab')).id;
});
afterAll(async () => {
  await rig.close();
  await Promise.all(fakes.map((fake) => fake.close()));
});
beforeEach(() => {
  for (const fake of fakes) {
    fake.answer(plain);
    fake.received.length = 0;
  }
  for (const id of ids) rig.deps.health.forget(id);
});

interface Place {
  key: { id: string; text: string };
  model: string;
  subjects: Record<LimitSubjectKind, LimitSubject>;
  ask: (more?: object) => Promise<Said>;
  body: (more?: object) => Record<string, unknown>;
}

/** A key of the workspace and a group of `count` connections that nobody has used yet. */
async function newPlace(count = 1): Promise<Place> {
  const model = `place-${++places}`;
  const connections: string[] = [];
  for (const [at, fake] of fakes.slice(0, count).entries())
    connections.push((await rig.connect({ name: `${model} ${at}`, baseUrl: fake.baseUrl, settings: { wire: 'chat' } })).id);
  ids.push(...connections);
  const groupId = await groupOf(rig, model, connections);
  const key = await rig.issueKey({}, workspaceId);
  const body = (more: object = {}) => ({ model, max_tokens: 10, messages: message('Good day'), ...more });
  const subjects = {
    'access-key': { kind: 'access-key', id: key.id },
    user: { kind: 'user', id: rig.caller.actor.userId },
    workspace: { kind: 'workspace', id: workspaceId },
    connection: { kind: 'connection', id: connections[0]! },
    group: { kind: 'group', id: groupId },
  } as const satisfies Record<LimitSubjectKind, LimitSubject>;
  return { key, model, subjects, body, ask: (more) => rig.ask(key.text, body(more)) };
}

/** Subjects whose limits are set with those of others; a key's own stand on the key. */
const settable = kinds.filter((kind) => kind !== 'access-key');

/** Watches every level without ever refusing, but for those that let so few pass at once. */
async function watched(place: Place, atOnce: Partial<Record<LimitSubjectKind, number>> = {}): Promise<void> {
  for (const kind of settable) {
    await limitFor(rig, place.subjects[kind], { kind: 'concurrent', value: atOnce[kind] ?? 1_000 });
    await limitFor(rig, place.subjects[kind], { kind: 'money', period: 'total', value: '1000' });
    await limitFor(rig, place.subjects[kind], { kind: 'requests', value: 100_000 });
  }
}

/** Nobody is under way at any level, and what the limits hold as spent is what the books say. */
async function expectNothingLeft(place: Place): Promise<void> {
  await untilQuiet();
  for (const kind of settable) {
    const subject = place.subjects[kind];
    expect([kind, underWay(rig, subject)]).toEqual([kind, 0]);
    expect([kind, moneyOf(rig, subject) ?? 0]).toEqual([kind, await bookedOn(rig, subject)]);
  }
}

describe('which limit is named', () => {
  test.each(settable)('where all have room but the %s, it is that one, with its id and its value', async (kind) => {
    const place = await newPlace();
    const id = await limitFor(rig, place.subjects[kind], { kind: 'tokens', value: 1 });
    for (const other of settable) if (other !== kind) await limitFor(rig, place.subjects[other], { kind: 'tokens', value: 1_000_000 });
    const said = await place.ask();
    expect(said.status).toBe(429);
    expect(errorOf(said).limit).toEqual({
      name: `${kind}.tokens.minute`,
      id,
      subject: place.subjects[kind],
      kind: 'tokens',
      period: 'minute',
      value: 1,
    });
    expect(said.headers['x-patchbay-limit']).toBe(`${kind}.tokens.minute`);
    expect(fakes[0]!.received).toHaveLength(0);
  });

  test.each(settable)('a budget of the %s that covers nothing is the one that 402 names, and no other budget is touched', async (kind) => {
    const place = await newPlace();
    await watched(place);
    // Something is spent, so that each level has an account.
    expect((await place.ask()).status).toBe(200);
    const before = settable.map((other) => moneyOf(rig, place.subjects[other]));
    const id = await limitFor(rig, place.subjects[kind], { kind: 'money', period: 'day', value: '0.000000001' });
    const said = await place.ask();
    expect([said.status, errorOf(said).limit?.name, errorOf(said).limit?.id]).toEqual([402, `${kind}.money.day`, id]);
    expect(settable.map((other) => moneyOf(rig, place.subjects[other]))).toEqual(before);
    await expectNothingLeft(place);
  });

  test('who asks is held to limits before who answers: of a key and a group at their limits the key is named', async () => {
    const place = await newPlace();
    await limitFor(rig, place.subjects.group, { kind: 'tokens', value: 1 });
    await limitFor(rig, place.subjects.user, { kind: 'tokens', value: 1 });
    expect(errorOf(await place.ask()).limit?.name).toBe('user.tokens.minute');
  });

  test('a limit that only counts is never named, whatever lies above it', async () => {
    const place = await newPlace();
    for (const kind of settable) await limitFor(rig, place.subjects[kind], { kind: 'requests', value: 1, isShadow: true });
    for (let count = 0; count < 3; count++) expect((await place.ask()).status).toBe(200);
  });
});

describe('what is given back', () => {
  const stopped: Answer = whole(wholeBody('The kestrel flies.'));
  test.each<[string, Answer, object, number]>([
    ['a whole answer', plain, {}, 200],
    ['a stream', plain, { stream: true }, 200],
    ['a provider that fails', refusing(500), {}, 502],
    ['a provider that refuses the request', refusing(400), {}, 400],
    ['an answer that a policy stops', stopped, {}, 403],
    ['a stream that a policy stops', streaming(say('The kestrel flies.')), { stream: true }, 403],
    ['a prompt that a policy stops', plain, { messages: message('kestrel?') }, 403],
    ['an answer that is no answer', whole('{}'), {}, 502],
  ])('after %s every place is free and every budget holds what the books hold', async (_name, answer, more, status) => {
    const place = await newPlace();
    await watched(place);
    await policyFor(rig, { action: 'block', side: 'both', rules: { keywords: ['kestrel'] } });
    fakes[0]!.answer(answer);
    const said = await place.ask(more);
    expect(said.status, said.text).toBe(status);
    expect((await rig.rowsOf(idOf(said))).filter(({ isLast }) => isLast)).toHaveLength(1);
    await expectNothingLeft(place);
  });

  test.each([
    ['before the first byte', true, holding(plain)],
    ['in the middle of a stream', true, holdingBetween([roleEvent, sse(chunk({ content: 'Once ' }))], [])],
    ['before a whole answer', false, holding(plain)],
  ])('after a caller who left %s too', async (_name, stream, answer) => {
    const place = await newPlace();
    await watched(place);
    fakes[0]!.answer(answer);
    const { sent } = call(rig, place.key.text, place.body({ stream }));
    await until(() => fakes[0]!.received.length === 1, 'the provider is asked');
    for (const kind of settable) expect([kind, underWay(rig, place.subjects[kind])]).toEqual([kind, 1]);
    const reserved = moneyOf(rig, place.subjects.connection);
    expect(reserved).toBeGreaterThan(0);
    sent.destroy();
    await expectNothingLeft(place);
    expect(moneyOf(rig, place.subjects.connection)).toBeLessThanOrEqual(reserved!);
    fakes[0]!.release();
  });

  test('who is refused by the last of five levels has taken a place in none', async () => {
    const place = await newPlace();
    await watched(place, { group: 1 });
    fakes[0]!.answer(holding(plain));
    const first = place.ask();
    await until(() => fakes[0]!.received.length === 1, 'the first is with the provider');
    const before = admittedTo(rig, place.subjects.connection);
    for (let count = 0; count < 5; count++) expect(errorOf(await place.ask()).limit?.name).toBe('group.concurrent');
    expect(settable.map((kind) => underWay(rig, place.subjects[kind]))).toEqual([1, 1, 1, 1]);
    expect([before, admittedTo(rig, place.subjects.connection), admittedTo(rig, place.subjects.group)]).toEqual([1, 1, 1]);
    fakes[0]!.release();
    expect((await first).status).toBe(200);
    await expectNothingLeft(place);
  });
});

/** A small generator of its own, so that a failure is the same failure again (mulberry32). */
function drawsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What providers do in the random run: well, badly, and late. */
const fates: Answer[] = [
  plain,
  plain,
  plain,
  refusing(500),
  refusing(429, { error: { message: 'slow down', code: 'rate_limit_exceeded' } }),
  refusing(401),
  whole(wholeBody('The kestrel flies.')),
  whole('not json'),
  streaming([roleEvent, sse(chunk({ content: 'Half' }))]),
  ({ response }) => void response.destroy(),
];

describe('two hundred random requests', () => {
  test.each([1, 7])('leave nothing under way and no money set aside, and the sums are those of the books (seed %i)', async (seed) => {
    // What is asked is the same in every run; which answer comes to whom depends on who is there first.
    const draw = drawsFrom(seed);
    const fate = drawsFrom(seed + 1_000);
    const pick = <One>(from: readonly One[]): One => from[Math.floor(fate() * from.length)]!;
    const place = await newPlace(2);
    await watched(place, { group: 6, connection: 3 });
    await policyFor(rig, { action: 'block', side: 'both', rules: { keywords: ['kestrel'] } });
    const statuses = new Set<number>();
    // A group of six takes no eight at once, however slow the machine is: nobody is answered before one of them was refused.
    for (const fake of fakes) fake.answer(holding(plain));
    const first = Array.from({ length: 8 }, async () => statuses.add((await place.ask()).status));
    await until(() => statuses.has(429), 'one of eight is refused');
    for (const fake of fakes) {
      fake.answer(plain);
      fake.release();
    }
    await Promise.all(first);
    for (const fake of fakes) fake.answer(async (turn) => pick(fates)(turn));
    const one = async (): Promise<void> => {
      const text = draw() < 0.1 ? 'the kestrel' : 'Good day';
      const headers: Record<string, string> = draw() < 0.2 ? { 'x-patchbay-cache': '60' } : {};
      const body = place.body({ stream: draw() < 0.5, messages: message(text) });
      if (draw() < 0.2) {
        const { sent, response } = call(rig, place.key.text, body, headers);
        // Some leave at once, some with the first word of an answer.
        if (draw() < 0.5) setImmediate(() => sent.destroy());
        const answer = await Promise.race([response, new Promise<null>((resolve) => sent.once('close', () => resolve(null)))]);
        if (answer !== null) statuses.add(answer.statusCode ?? 0);
        sent.destroy();
        return;
      }
      statuses.add((await rig.ask(place.key.text, body, headers)).status);
    };
    // Eight side by side, twenty-five times with those who waited.
    for (let round = 1; round < 25; round++) {
      await Promise.all(Array.from({ length: 8 }, one));
      for (const id of ids) rig.deps.health.forget(id);
    }
    // What those who left at once had sent by then has come to the house.
    await turns();
    await expectNothingLeft(place);
    expect(requestsInFlight()).toBe(0);
    const rows = (await rig.rows()).filter(({ modelAsked }) => modelAsked === place.model);
    expect(rows.every(({ state }) => state !== 'intent')).toBe(true);
    // Each request that reached the books has one last row, whatever became of it.
    const lasts = rows.filter(({ isLast }) => isLast).map(({ requestId }) => requestId);
    expect(new Set(lasts).size).toBe(lasts.length);
    expect(new Set(rows.map(({ requestId }) => requestId)).size).toBe(lasts.length);
    // It was no quiet run: answers, blocks and limits all happened.
    expect([...statuses]).toEqual(expect.arrayContaining([200, 403, 429]));
  });
});
