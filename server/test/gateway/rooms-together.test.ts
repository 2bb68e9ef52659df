/** Rooms that meet in one request: use cases, repositories, routing groups, hedges, budgets and policies; and what `explain` foretells of them. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createAccessKey } from '../../src/control/access-keys.ts';
import { changeConnection } from '../../src/control/connections.ts';
import { createRepository } from '../../src/control/repositories.ts';
import { createUseCase } from '../../src/control/use-cases.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import type { Connection } from '../../src/domain/connection.ts';
import { noteTime } from '../../src/domain/hedge.ts';
import { words } from '../../src/faces/configurations/dialect.ts';
import { holding, plain, refusing, startFakeProvider, whole, wholeBody, type FakeProvider } from '../support/fake-provider.ts';
import {
  bookedOn,
  call,
  cameTo,
  everyonesOf,
  explained,
  foreseen,
  groupOf,
  idOf,
  limitFor,
  moneyOf,
  policyFor,
  priceOf,
  underWay,
  untilQuiet,
} from './together-kit.ts';
import { errorOf, message, openRig, type Rig, type Said } from './rig.ts';
import { until } from '../support/wait.ts';

let rig: Rig;
let fakes: FakeProvider[] = [];
let key = '';
/** Three of everybody's that are paid, and a fourth whose model has no price; one name serves two of them. */
const places: Connection[] = [];
let free: Connection;
let number = 0;

beforeAll(async () => {
  rig = await openRig();
  fakes = await Promise.all([startFakeProvider(), startFakeProvider(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  const models = ['model-a', 'model-b', 'model-a'];
  for (const [at, fake] of fakes.entries())
    places.push(await rig.connect({ name: `Place ${at}`, providerId: 'custom', baseUrl: fake.baseUrl, model: models[at]! }));
  free = await rig.connect({ name: 'Unpriced', providerId: 'custom', baseUrl: fakes[0]!.baseUrl, model: 'model-free' });
  for (const model of new Set(models)) priceOf(rig, 'custom', model);
});
afterAll(async () => {
  await rig?.close();
  await Promise.all(fakes.map((fake) => fake.close()));
});
beforeEach(() => {
  for (const fake of fakes) {
    fake.answer(plain);
    fake.received.length = 0;
  }
  for (const { id } of [...places, free]) rig.deps.health.forget(id);
});

const next = (what: string): string => `${what}-${++number}`;
const ask = (model: string, more: object = {}, by = key): Promise<Said> =>
  rig.ask(by, { model, max_tokens: 10, messages: message('Good day'), ...more });
const counts = (): number[] => fakes.map(({ received }) => received.length);
const chosen = ({ headers }: Said): unknown => headers['x-patchbay-connection'];

interface Bound {
  keyId: string;
  text: string;
  workspaceId: string;
  repositoryId: string;
}
/** A key of a repository with these connections attached. */
async function bind(attached: Connection[], budgetUsd: string | null = null): Promise<Bound> {
  const { id: workspaceId } = await createWorkspace(rig.deps, rig.caller, next('Lab'));
  const input = { workspaceId, name: next('repository'), connectionIds: attached.map(({ id }) => id) };
  const { id: repositoryId } = await createRepository(rig.deps, rig.caller, input, { connectionAt: String });
  const made = await createAccessKey(rig.deps, rig.caller, { name: 'bound', workspaceId: null, repositoryId, budgetUsd });
  return { keyId: made.key.id, text: made.text, workspaceId, repositoryId };
}
const useCase = (connection: Connection, part: object = {}) =>
  createUseCase(rig.deps, rig.caller, {
    name: next('Case'),
    connectionId: connection.id,
    systemPrompt: 'Answer as a lawyer.',
    baseKnowledge: '',
    allRoles: true,
    ...part,
  });

describe('use cases and groups', () => {
  test('one connection in a group and in a use case: what names the group goes without the prompt', async () => {
    const name = next('group');
    await groupOf(rig, name, [places[0]!.id, places[1]!.id]);
    const { slug } = await useCase(places[0]!, { fallbackConnectionIds: [places[1]!.id] });
    expect((await ask(`use-case/${slug}`)).status).toBe(200);
    expect(JSON.stringify(fakes[0]!.received[0]!.json)).toContain('Answer as a lawyer.');
    await ask(name);
    const groupCall = [...fakes[0]!.received.slice(1), ...fakes[1]!.received][0]!;
    expect(groupCall.text).not.toContain('lawyer');
  });

  test("the limit of a group does not bind a use case that goes to its target, and the connection's does", async () => {
    const name = next('group');
    const groupId = await groupOf(rig, name, [places[0]!.id]);
    const { slug } = await useCase(places[0]!);
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'tokens', value: 1 });
    expect((await ask(name)).headers['x-patchbay-limit']).toBe('group.tokens.minute');
    expect((await ask(`use-case/${slug}`)).status).toBe(200);
    await limitFor(rig, { kind: 'connection', id: places[0]!.id }, { kind: 'tokens', value: 1 });
    expect((await ask(`use-case/${slug}`)).headers['x-patchbay-limit']).toBe('connection.tokens.minute');
  });

  test('a use case whose first connection is at its limit goes to its fallback, with its prompt, and is booked there', async () => {
    const { slug } = await useCase(places[0]!, { fallbackConnectionIds: [places[1]!.id] });
    await limitFor(rig, { kind: 'connection', id: places[0]!.id }, { kind: 'tokens', value: 1 });
    const said = await ask(`use-case/${slug}`);
    expect([said.status, chosen(said), counts()]).toEqual([200, places[1]!.id, [0, 1, 0]]);
    expect(fakes[1]!.received[0]!.text).toContain('Answer as a lawyer.');
    expect(await rig.rowsOf(idOf(said))).toMatchObject([{ connectionId: places[1]!.id, model: 'model-b', isLast: true }]);
  });

  test("a policy reads the use case's prompt like the caller's own words", async () => {
    const { slug } = await useCase(places[0]!, { systemPrompt: 'Ask ann@example.com.' });
    await policyFor(rig, { action: 'redact', side: 'prompt', rules: { personalData: ['email'] } });
    expect((await ask(`use-case/${slug}`, { messages: message('I am bob@example.com') })).status).toBe(200);
    expect(fakes[0]!.received[0]!.text).not.toContain('bob@example.com');
    expect(fakes[0]!.received[0]!.text).not.toContain('ann@example.com');
  });
});

describe("a repository's key", () => {
  test('reaches of a group what is attached and nobody else, also where that one fails, and its policy and budget go with it', async () => {
    const name = next('group');
    await groupOf(rig, name, [places[0]!.id, places[1]!.id], { strategy: 'ordered' });
    const bound = await bind([places[1]!], '0.001');
    const place = { workspaceId: bound.workspaceId, repositoryId: bound.repositoryId };
    await policyFor(rig, { action: 'block', side: 'prompt', rules: { keywords: ['kestrel'] } }, place);
    const came = async (text: string, more: object = {}): Promise<string> =>
      cameTo(await ask(name, { messages: message(text), ...more }, bound.text));
    expect(await came('Good day')).toBe(places[1]!.id);
    expect(await came('kestrel')).toBe('policy_violation');
    expect(await came('Good day', { max_tokens: 4_000 })).toBe('budget_exceeded');
    fakes[1]!.answer(refusing(401));
    expect(await came('Good day')).toBe('provider_auth');
    expect(counts()).toEqual([0, 2, 0]);
    const subject = { kind: 'access-key', id: bound.keyId } as const;
    expect(moneyOf(rig, subject)).toBe(await bookedOn(rig, subject));
    const beside = await bind([places[2]!]);
    expect((await ask(name, {}, beside.text)).status).toBeGreaterThanOrEqual(400);
    expect(counts()).toEqual([0, 2, 0]);
  });

  test('is held to its policy, its budget and its connections at once, and each says no in its turn', async () => {
    const bound = await bind([places[0]!], '0.001');
    const place = { workspaceId: bound.workspaceId, repositoryId: bound.repositoryId };
    await policyFor(rig, { action: 'block', side: 'both', rules: { keywords: ['kestrel'] } }, place);
    const code = async (model: string, text: string, more: object = {}): Promise<unknown> =>
      cameTo(await ask(model, { messages: message(text), ...more }, bound.text));
    expect(await code('model-a', 'kestrel')).toBe('policy_violation');
    expect(await code('model-b', 'Good day')).toBe('model_not_in_repository');
    expect(await code('model-a', 'Good day', { max_tokens: 4_000 })).toBe('budget_exceeded');
    expect(counts()).toEqual([0, 0, 0]);
    expect(await code('model-a', 'Good day', { max_tokens: 5 })).toBe(places[0]!.id);
    // Nobody else is bound by what binds the repository.
    expect((await ask('model-a', { messages: message('kestrel') })).status).toBe(200);
    const subject = { kind: 'access-key', id: bound.keyId } as const;
    expect(moneyOf(rig, subject)).toBe(await bookedOn(rig, subject));
  });

  test('pays for an answer that its policy stopped, and another attached connection is not asked for it', async () => {
    const bound = await bind([places[0]!, places[2]!], '1');
    const place = { workspaceId: bound.workspaceId, repositoryId: bound.repositoryId };
    await policyFor(rig, { action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } }, place);
    for (const fake of fakes) fake.answer(whole(wholeBody('The kestrel.')));
    const said = await ask('model-a', {}, bound.text);
    expect(errorOf(said).code).toBe('policy_violation');
    expect(counts()).toEqual([1, 0, 0]);
    const subject = { kind: 'access-key', id: bound.keyId } as const;
    expect(moneyOf(rig, subject)).toBe(await bookedOn(rig, subject));
    expect(moneyOf(rig, subject)).toBeGreaterThan(0);
  });
});

describe('a group under a budget', () => {
  test('passes over the target that has no price, and refuses only where nobody else is left', async () => {
    const name = next('group');
    const groupId = await groupOf(rig, name, [free.id, places[1]!.id], { strategy: 'ordered' });
    const poor = await rig.issueKey({ budgetUsd: '1' });
    const said = await ask(name, {}, poor.text);
    expect([said.status, chosen(said), counts()]).toEqual([200, places[1]!.id, [0, 1, 0]]);
    // Who has no budget goes by the group's own order.
    expect(chosen(await ask(name))).toBe(free.id);
    const alone = next('group');
    await groupOf(rig, alone, [free.id]);
    expect(cameTo(await ask(alone, {}, poor.text))).toBe('price_unknown');
    // A budget of the group itself asks the same.
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'money', period: 'total', value: '1' });
    const { excluded } = await explained(rig, key, { model: name, max_tokens: 10, messages: message() });
    expect(excluded).toMatchObject([{ connection_id: free.id, code: 'price_unknown' }]);
    const passed = await ask(name);
    expect([passed.status, chosen(passed)]).toEqual([200, places[1]!.id]);
  });

  test('a budget of one connection keeps out that one where it has no price, and binds no other target', async () => {
    const name = next('group');
    const other = await rig.connect({ name: next('Bare'), providerId: 'custom', baseUrl: fakes[2]!.baseUrl, model: 'model-bare' });
    await groupOf(rig, name, [free.id, other.id], { strategy: 'ordered' });
    await limitFor(rig, { kind: 'connection', id: free.id }, { kind: 'money', period: 'total', value: '1' });
    const said = await ask(name);
    expect([said.status, chosen(said)]).toEqual([200, other.id]);
    expect(foreseen(await explained(rig, key, { model: name, messages: message() }))).toBe(other.id);
  });

  test('a failed first target costs nothing, the second is paid once by key and group alike', async () => {
    const name = next('group');
    const groupId = await groupOf(rig, name, [places[0]!.id, places[1]!.id], { strategy: 'ordered' });
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'money', period: 'total', value: '1' });
    const rich = await rig.issueKey({ budgetUsd: '1' });
    fakes[0]!.answer(refusing(500));
    const said = await ask(name, {}, rich.text);
    expect([said.status, chosen(said)]).toEqual([200, places[1]!.id]);
    const rows = await rig.rowsOf(idOf(said));
    const cost = rows.at(-1)!.cost!;
    expect(rows.slice(0, -1).every((row) => row.cost === 0)).toBe(true);
    expect(moneyOf(rig, { kind: 'group', id: groupId })).toBe(cost);
    expect(moneyOf(rig, { kind: 'access-key', id: rich.id })).toBe(cost);
  });
});

describe('a hedged request', () => {
  /** A group whose first target is known to answer in 20 ms, so that one who is silent is late at once. */
  async function hedged(): Promise<{ name: string; groupId: string }> {
    const name = next('group');
    const groupId = await groupOf(rig, name, [places[0]!.id, places[1]!.id], { strategy: 'ordered', options: { hedgeMaxUsd: '1' } });
    const times = rig.deps.health.times(places[0]!.id, 'model-a');
    for (let count = 0; count < 100; count++) noteTime(times, 20);
    rig.deps.health.hedges(groupId).requests = 1_000;
    return { name, groupId };
  }

  test('whose caller hangs up: both are stopped and booked, and all budgets hold what both came to', async () => {
    const { name, groupId } = await hedged();
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'money', period: 'total', value: '1' });
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'concurrent', value: 5 });
    const rich = await rig.issueKey({ budgetUsd: '1' });
    for (const fake of fakes) fake.answer(holding(plain));
    const { sent } = call(rig, rich.text, { model: name, stream: true, max_tokens: 10, messages: message() });
    await until(() => fakes[1]!.received.length === 1, 'the second is asked');
    expect(underWay(rig, { kind: 'group', id: groupId })).toBe(1);
    sent.destroy();
    await until(() => fakes.slice(0, 2).every(({ received }) => received[0]!.abortedAtMs !== null), 'both are stopped');
    await untilQuiet();
    const rows = (await rig.rows()).filter(({ modelAsked }) => modelAsked === name);
    expect(rows.map(({ state }) => state)).toEqual(['partial', 'partial']);
    const cost = rows.reduce((sum, row) => sum + row.cost!, 0);
    expect(cost).toBeGreaterThan(0);
    for (const subject of [
      { kind: 'group', id: groupId },
      { kind: 'access-key', id: rich.id },
    ] as const)
      expect([moneyOf(rig, subject), await bookedOn(rig, subject)]).toEqual([cost, cost]);
    expect(underWay(rig, { kind: 'group', id: groupId })).toBe(0);
  });

  test('that waits for its money at both targets takes one place of the group', async () => {
    const { name, groupId } = await hedged();
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'concurrent', value: 5 });
    const rich = await rig.issueKey({ budgetUsd: '1' });
    const { limits } = rig.deps;
    const reserve = limits.reserve.bind(limits);
    const both = Promise.withResolvers<void>();
    let reservations = 0;
    limits.reserve = (...all) => {
      if (++reservations === 2) both.resolve();
      return both.promise.then(() => reserve(...all));
    };
    onTestFinished(() => void (limits.reserve = reserve));
    for (const fake of fakes) fake.answer(holding(plain));
    const asked = ask(name, { stream: true }, rich.text);
    await until(() => fakes.slice(0, 2).every(({ received }) => received.length === 1), 'both are asked');
    expect(underWay(rig, { kind: 'group', id: groupId })).toBe(1);
    for (const fake of fakes) fake.release();
    expect((await asked).status).toBe(200);
    await untilQuiet();
    expect(underWay(rig, { kind: 'group', id: groupId })).toBe(0);
  });

  test('that both serve is one request of the group, two of the budget', async () => {
    const { name, groupId } = await hedged();
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'requests', value: 1 });
    const rich = await rig.issueKey({ budgetUsd: '1' });
    fakes[0]!.answer(holding(plain));
    const said = await ask(name, { stream: true }, rich.text);
    expect([said.status, chosen(said)]).toEqual([200, places[1]!.id]);
    await untilQuiet();
    const rows = await rig.rowsOf(idOf(said));
    expect(rows).toHaveLength(2);
    expect(moneyOf(rig, { kind: 'access-key', id: rich.id })).toBe(rows.reduce((sum, row) => sum + row.cost!, 0));
    expect((await ask(name, {}, rich.text)).headers['x-patchbay-limit']).toBe('group.requests.minute');
  });

  test('whose second target has no place left is answered by the first alone', async () => {
    const { name } = await hedged();
    await limitFor(rig, { kind: 'connection', id: places[1]!.id }, { kind: 'tokens', value: 1 });
    fakes[0]!.answer(holding(plain));
    const { limits } = rig.deps;
    const take = limits.take.bind(limits);
    let refusals = 0;
    limits.take = (subjects, tokens) => {
      if (subjects.some(({ subject }) => subject.id === places[1]!.id)) refusals++;
      return take(subjects, tokens);
    };
    onTestFinished(() => void (limits.take = take));
    const asked = ask(name, { stream: true });
    await until(() => fakes[0]!.received.length === 1, 'the first is asked');
    await until(() => refusals > 0, 'the second was refused a place');
    fakes[0]!.release();
    const said = await asked;
    expect([said.status, chosen(said), fakes[1]!.received.length]).toEqual([200, places[0]!.id, 0]);
  });
});

describe('what `explain` foretells', () => {
  const both = async (body: Record<string, unknown>, by = key): Promise<[string | undefined, string]> => {
    const before = foreseen(await explained(rig, by, body));
    return [before, cameTo(await rig.ask(by, body))];
  };
  const body = (model: string, text = 'Good day') => ({ model, max_tokens: 10, messages: message(text) });

  test('is the target that a policy of models leaves, and who was left out by it', async () => {
    const name = next('group');
    await groupOf(rig, name, [places[0]!.id, places[1]!.id], { strategy: 'ordered' });
    await policyFor(rig, { action: 'block', side: 'prompt', rules: { models: ['model-b'] } });
    expect(await both(body(name))).toEqual([places[1]!.id, places[1]!.id]);
    const { excluded } = await explained(rig, key, body(name));
    expect(excluded).toMatchObject([{ connection_id: places[0]!.id, code: 'policy_violation' }]);
    expect(await both(body('model-a'))).toEqual(['policy_violation', 'policy_violation']);
  });

  test('is the refusal of a prompt, for nothing: nobody is asked and no violation is noted', async () => {
    await policyFor(rig, { action: 'block', side: 'prompt', rules: { keywords: ['kestrel'] } });
    expect(foreseen(await explained(rig, key, body('model-a', 'kestrel')))).toBe('policy_violation');
    expect(counts()).toEqual([0, 0, 0]);
    expect(await both(body('model-a', 'kestrel'))).toEqual(['policy_violation', 'policy_violation']);
  });

  test('is the body as a covering policy would send it, with the bound that a policy sets', async () => {
    await policyFor(rig, { action: 'redact', side: 'prompt', rules: { personalData: ['email'] } });
    await policyFor(rig, { action: 'block', side: 'prompt', rules: { outputTokensMax: 77 } });
    const asked = { model: 'model-a', messages: message('I am bob@example.com') };
    const foretold = JSON.stringify(await explained(rig, key, asked));
    expect((await rig.ask(key, asked)).status).toBe(200);
    const sent = [...fakes[0]!.received, ...fakes[2]!.received][0]!;
    expect(sent.text).toContain('I am [EMAIL]');
    // People are shown how long a text is and not what it says.
    expect(foretold).toContain(`[${'I am [EMAIL]'.length} characters]`);
    for (const text of [foretold, sent.text]) {
      expect(text).not.toContain('bob@example.com');
      expect(text).toMatch(/tokens"\s*:\s*77/);
    }
  });

  test('is the priced target under a budget, and the refusals of a repository and of a use case without its connection', async () => {
    const name = next('group');
    await groupOf(rig, name, [free.id, places[1]!.id], { strategy: 'ordered' });
    const poor = await rig.issueKey({ budgetUsd: '1' });
    expect(await both(body(name), poor.text)).toEqual([places[1]!.id, places[1]!.id]);
    expect(await both(body(name))).toEqual([free.id, free.id]);
    const bound = await bind([places[1]!]);
    expect(await both(body(name), bound.text)).toEqual([places[1]!.id, places[1]!.id]);
    const strange = await rig.connect({ name: next('Sure'), baseUrl: fakes[0]!.baseUrl, model: 'gpt-4o' });
    expect(await both(body('model-b'), (await bind([strange])).text)).toEqual(['model_not_in_repository', 'model_not_in_repository']);
    const resting = await rig.connect(
      { name: next('Resting'), providerId: 'custom', baseUrl: fakes[0]!.baseUrl, model: 'model-a' },
      everyonesOf(rig),
    );
    const { slug } = await useCase(resting, { fallbackConnectionIds: [places[1]!.id] });
    await changeConnection(rig.deps, rig.caller, resting.id, { isActive: false }, words);
    expect(await both(body(`use-case/${slug}`))).toEqual(['connection_inactive', 'connection_inactive']);
  });

  test('takes no request and no tokens of anybody, and sets no money aside', async () => {
    const name = next('group');
    const groupId = await groupOf(rig, name, [places[0]!.id]);
    await limitFor(rig, { kind: 'group', id: groupId }, { kind: 'requests', value: 1 });
    const rich = await rig.issueKey({ budgetUsd: '1', tpm: 10_000 });
    for (let count = 0; count < 3; count++) expect(foreseen(await explained(rig, rich.text, body(name)))).toBe(places[0]!.id);
    expect(moneyOf(rig, { kind: 'access-key', id: rich.id }) ?? 0).toBe(0);
    expect(rig.deps.limits.usedOf({ kind: 'access-key', id: rich.id }, 'tokens', null, 0)).toBe(0);
    expect((await ask(name, {}, rich.text)).status).toBe(200);
  });
});
