/** POST /v1/messages/count_tokens: a provider's own count where it has one, and an estimate that says so elsewhere. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { PolicyInput } from '../../src/control/policies.ts';
import type { GatewayDeps } from '../../src/gateway/order.ts';
import { JournalFull, JournalUnavailable, type Journal } from '../../src/journal/journal.ts';
import { listViolations, type ListedViolation } from '../../src/storage/violations.ts';
import { admittedTo, groupOf, limitFor, policyFor, underWay } from '../gateway/together-kit.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';
import { holding, plain, refusing, startFakeProvider, whole, type ReceivedCall } from '../support/fake-provider.ts';
import { until } from '../support/wait.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const post = (body: string, headers: Record<string, string> = {}, path = '/v1/messages'): Promise<Response> =>
  fetch(`${house.rig.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...(headers['authorization'] === undefined && { 'x-api-key': house.key }), ...headers },
  });

describe('POST /v1/messages/count_tokens', () => {
  const counting = (body: unknown): Promise<Response> => post(JSON.stringify(body), {}, '/v1/messages/count_tokens');

  test('200 a provider that counts is asked, and the books have it at no cost', async () => {
    house.answer('anthropic', whole('{"input_tokens":42}'));
    const { data, response } = await house.messages.messages
      .countTokens({ model: 'Claude/claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] })
      .withResponse();
    expect(data.input_tokens).toBe(42);
    expect(response.headers.get('x-patchbay-estimated')).toBeNull();
    expect(house.families.anthropic.fake.received[0]).toMatchObject({
      path: '/v1/messages/count_tokens',
      json: { model: 'claude-sonnet-4-5' },
    });
    const [row] = await house.rig.rowsOf(response.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 0, cost: 0 });
  });

  test('200 elsewhere it is estimated, and says so', async () => {
    house.answer('openai', plain);
    const answer = await counting({
      model: 'Chat/gpt-4o',
      system: 'x'.repeat(400),
      messages: [{ role: 'user', content: 'y'.repeat(400) }],
    });
    expect(answer.headers.get('x-patchbay-estimated')).toBe('input_tokens');
    const { input_tokens: tokens } = (await answer.json()) as { input_tokens: number };
    expect(tokens).toBeGreaterThan(190);
    expect(tokens).toBeLessThan(260);
    expect(house.families.openai.fake.received).toHaveLength(0);
  });

  test('200 a provider that fails to count leaves an estimate', async () => {
    for (const answerOf of [refusing(500), refusing(429), whole('{"nothing":1}'), whole('no json')]) {
      house.answer('anthropic', answerOf);
      const answer = await counting({ model: 'Claude/claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] });
      expect([answer.status, answer.headers.get('x-patchbay-estimated')]).toEqual([200, 'input_tokens']);
    }
  });

  test('400 what the provider finds wrong with the request itself, in the books once', async () => {
    house.answer('anthropic', refusing(400, { type: 'error', error: { type: 'invalid_request_error', message: 'no' } }));
    const answer = await counting({ model: 'Claude/claude-sonnet-4-5', messages: 5 });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    const rows = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(rows).toMatchObject([{ attemptNo: 1, isLast: true, state: 'settled', reason: 'bad_request', status: 400, cost: 0 }]);
  });

  test('403 where no model is named and the connection that would be asked is not on the key’s list: nobody is asked', async () => {
    const { text } = await house.rig.issueKey({ models: ['gpt-4o'] });
    const claude = [...house.rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Claude')!;
    house.answer('anthropic', whole('{"input_tokens":42}'));
    const headers = { 'x-api-key': text, 'x-patchbay-connection': claude.id };
    const answer = await post(JSON.stringify({ messages: [{ role: 'user', content: 'hi' }] }), headers, '/v1/messages/count_tokens');
    expect(answer.status).toBe(403);
    expect(house.families.anthropic.fake.received).toEqual([]);
  });

  test('of a routing group asks nobody outside the region that the caller names, as for a completion', async () => {
    const [near, far] = [await startFakeProvider(), await startFakeProvider()];
    onTestFinished(async () => void (await Promise.all([near.close(), far.close()])));
    for (const fake of [near, far]) fake.answer(whole('{"input_tokens":42}'));
    const model = 'claude-sonnet-4-5';
    const [{ id: farId }, { id: nearId }] = [
      await house.rig.connect({ name: 'Far', providerId: 'anthropic', baseUrl: far.baseUrl, model }),
      await house.rig.connect({ name: 'Near', providerId: 'anthropic', baseUrl: near.baseUrl, model }),
    ];
    const targets = [
      { connectionId: farId, weight: 1, isEnabled: true, region: 'us' },
      { connectionId: nearId, weight: 1, isEnabled: true, region: 'id' },
    ];
    await groupOf(house.rig, 'regions', [], { strategy: 'ordered', targets });
    const body = JSON.stringify({ model: 'regions', messages: [{ role: 'user', content: 'hi' }] });
    expect((await post(body, { 'x-patchbay-region': 'id' }, '/v1/messages/count_tokens')).status).toBe(200);
    expect([far.received.length, near.received.length]).toEqual([0, 1]);
    expect((await post(body, { 'x-patchbay-region': 'sg' }, '/v1/messages/count_tokens')).status).toBe(400);
    expect([far.received.length, near.received.length]).toEqual([0, 1]);
  });

  test('401 and 404 as for a completion', async () => {
    expect((await post('{}', { 'x-api-key': 'sk-pb-no' }, '/v1/messages/count_tokens')).status).toBe(401);
    expect((await counting({ model: 'no-such-model', messages: [] })).status).toBe(404);
  });
});

const path = '/v1/messages/count_tokens';
const asking = (text: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ model: 'Claude/claude-sonnet-4-5', messages: [{ role: 'user', content: text }], ...more });
const received = (): ReceivedCall[] => house.families.anthropic.fake.received;
const codeOf = async (answer: Response): Promise<unknown> => ((await answer.json()) as { error: { code?: string; type: string } }).error;

describe('a count under policies', () => {
  beforeEach(() => house.answer('anthropic', whole('{"input_tokens":42}')));
  const rule = (input: PolicyInput): Promise<string> => policyFor(house.rig, { risk: 'HIGH', ...input });
  const foundBy = async (policyId: string): Promise<ListedViolation[]> => {
    await house.rig.deps.found.flush();
    return (await listViolations(house.rig.deps.database, { visibility: 'all', policyId, skip: 0, take: 50 })).rows;
  };

  test('what is to be covered is covered before the provider counts it, and written down with who was asked', async () => {
    const id = await rule({ action: 'redact', side: 'prompt', rules: { personalData: ['email'] } });
    const answer = await post(asking('mail budi@example.org', { system: 'Ask ann@example.com.' }), {}, path);
    expect([answer.status, await answer.json()]).toEqual([200, { input_tokens: 42 }]);
    expect(received()).toHaveLength(1);
    expect(received()[0]!.json).toEqual({
      model: 'claude-sonnet-4-5',
      messages: [{ role: 'user', content: 'mail [EMAIL]' }],
      system: 'Ask [EMAIL].',
    });
    expect(received()[0]!.text).not.toMatch(/budi|ann@/);
    expect(await foundBy(id)).toMatchObject([
      {
        isBlocked: false,
        stage: 'prompt',
        requestId: answer.headers.get('x-request-id'),
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
      },
    ]);
  });

  test('403 for what is blocked: nobody is asked, and the books and the list of violations say so', async () => {
    const id = await rule({ action: 'block', side: 'prompt', rules: { keywords: ['kestrel'] } });
    const answer = await post(asking('A kestrel flies.'), {}, path);
    expect([answer.status, await codeOf(answer)]).toEqual([403, expect.objectContaining({ type: 'permission_error' })]);
    expect(received()).toEqual([]);
    const requestId = answer.headers.get('x-request-id')!;
    expect(await house.rig.rowsOf(requestId)).toMatchObject([{ attemptNo: 0, state: 'refused', reason: 'policy_violation', status: 403 }]);
    expect(await foundBy(id)).toMatchObject([{ isBlocked: true, requestId, provider: 'anthropic' }]);
    expect((await post(asking('A harmless bird flies.'), {}, path)).status).toBe(200);
  });

  test('403 where the model is none that may be asked, as for a completion', async () => {
    await rule({ action: 'block', side: 'both', rules: { models: ['gpt-4o'] } });
    for (const at of ['/v1/messages', path]) {
      const answer = await post(asking('hi', { max_tokens: 5 }), {}, at);
      expect([at, answer.status]).toEqual([at, 403]);
    }
    expect(received()).toEqual([]);
  });

  test('a second key of the same name, which no rule has read, does not leave', async () => {
    await rule({ action: 'block', side: 'prompt', rules: { keywords: ['kestrel'] } });
    const twice = asking('x').replace('"content":"x"', '"content":"kestrel","content":"bird"');
    expect((await post(twice, {}, path)).status).toBe(200);
    expect(received()[0]!.text).not.toContain('kestrel');
  });

  test('where a judge would have to be asked, nobody is: the count is an estimate, and nothing leaves', async () => {
    const connection = [...house.rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Chat')!;
    house.answer('openai', plain);
    const judge = { connectionId: connection.id, model: 'judge-model' };
    await rule({ action: 'block', side: 'prompt', content: 'Nobody asks for gossip.', judge });
    const answer = await post(asking('Some gossip, please.'), {}, path);
    expect([answer.status, answer.headers.get('x-patchbay-estimated')]).toEqual([200, 'input_tokens']);
    expect([received(), house.families.openai.fake.received]).toEqual([[], []]);
  });

  test('a judge of answers alone keeps no provider from counting', async () => {
    const connection = [...house.rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Chat')!;
    await rule({ action: 'block', side: 'answer', content: 'No gossip.', judge: { connectionId: connection.id, model: 'judge-model' } });
    expect((await post(asking('hi'), {}, path)).headers.get('x-patchbay-estimated')).toBeNull();
    expect(received()).toHaveLength(1);
  });
});

describe('a count under limits', () => {
  const claude = () => [...house.rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Claude')!;

  test('takes a place at its connection for as long as it lasts, and where there is none it is an estimate', async () => {
    const subject = { kind: 'connection', id: claude().id } as const;
    await limitFor(house.rig, subject, { kind: 'concurrent', value: 1 });
    house.answer('anthropic', holding(whole('{"input_tokens":42}')));
    const first = post(asking('hi'), {}, path);
    await until(() => received().length === 1, 'the provider is asked');
    expect(underWay(house.rig, subject)).toBe(1);
    const second = await post(asking('hi'), {}, path);
    expect([second.status, second.headers.get('x-patchbay-estimated')]).toEqual([200, 'input_tokens']);
    expect(received()).toHaveLength(1);
    house.families.anthropic.fake.release();
    expect(await (await first).json()).toEqual({ input_tokens: 42 });
    expect(underWay(house.rig, subject)).toBe(0);
  });

  test('is a request of the minute of its connection, and no token of it', async () => {
    const subject = { kind: 'connection', id: claude().id } as const;
    await limitFor(house.rig, subject, { kind: 'requests', value: 2 });
    await limitFor(house.rig, subject, { kind: 'tokens', value: 1 });
    house.answer('anthropic', whole('{"input_tokens":42}'));
    const said = [];
    for (let count = 0; count < 3; count++) said.push((await post(asking('hi'), {}, path)).headers.get('x-patchbay-estimated'));
    expect(said).toEqual([null, null, 'input_tokens']);
    expect([admittedTo(house.rig, subject), received().length]).toEqual([2, 2]);
  });
});

describe('a count whose intent the disk does not take', () => {
  beforeEach(() => house.answer('anthropic', whole('{"input_tokens":42}')));
  async function withAppend(append: (real: Journal) => Journal['append'], run: () => Promise<void>): Promise<void> {
    const deps = house.rig.deps as GatewayDeps;
    const real = deps.journal;
    const bound = { whenDurable: real.whenDurable.bind(real), isFull: real.isFull.bind(real), flush: real.flush.bind(real) };
    deps.journal = Object.assign(Object.create(real) as Journal, bound, { append: append(real) });
    try {
      await run();
    } finally {
      deps.journal = real;
    }
  }

  test('503 where it says so at once: the provider is not asked', async () => {
    const full =
      (real: Journal): Journal['append'] =>
      (record, ...more) => {
        if (record.kind === 'intent') throw new JournalFull('too much waits');
        return real.append(record, ...more);
      };
    await withAppend(full, async () => {
      const answer = await post(asking('hi'), {}, path);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await house.rig.rowsOf(answer.headers.get('x-request-id')!)).toMatchObject([
        { state: 'refused', reason: 'ledger_unavailable' },
      ]);
    });
    expect(received()).toEqual([]);
    expect((await post(asking('hi'), {}, path)).status).toBe(200);
  });

  test('503 where it says so only afterwards: the entry is settled, once, and nothing was sent', async () => {
    const late =
      (real: Journal): Journal['append'] =>
      (record, written, ...more) =>
        real.append(record, written && (() => written(new JournalUnavailable('it did not take it'))), ...more);
    await withAppend(late, async () => {
      const answer = await post(asking('hi'), {}, path);
      expect(answer.status).toBe(503);
      const rows = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
      expect(rows).toMatchObject([{ attemptNo: 1, isLast: true, state: 'settled', reason: 'unreachable', tokensIn: 0, cost: 0 }]);
    });
    expect(received()).toEqual([]);
  });

  test('goes on where the disk fails, since no money is spent: what is booked waits in memory', async () => {
    const kinds: unknown[] = [];
    const noted =
      (real: Journal): Journal['append'] =>
      (record, written, onFailure) => {
        if (record.kind === 'intent') kinds.push(onFailure);
        return real.append(record, written, onFailure);
      };
    await withAppend(noted, async () => expect((await post(asking('hi'), {}, path)).status).toBe(200));
    expect(kinds).toEqual(['remember']);
  });

  test('200 also where only its end cannot be written: the count is told, and the log says so', async () => {
    const ends =
      (real: Journal): Journal['append'] =>
      (record, ...more) => {
        if (record.kind === 'settle') throw new JournalUnavailable('no space');
        return real.append(record, ...more);
      };
    const before = house.rig.logged.length;
    await withAppend(ends, async () => {
      const answer = await post(asking('hi'), {}, path);
      expect([answer.status, await answer.json()]).toEqual([200, { input_tokens: 42 }]);
    });
    expect(house.rig.logged.slice(before).join('')).toContain('a settlement could not be written');
  });
});
