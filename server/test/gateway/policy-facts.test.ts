/** What was found in one request, put together: one violation for each policy and side, and nothing of the text in any of them. */
import { describe, expect, test } from 'vitest';
import { factsMax, findIn, finished } from '../../src/domain/policy-rules.ts';
import type { Policy, Violation } from '../../src/domain/policy.ts';
import { answerBlocked, FoundFacts, promptBlocked, report } from '../../src/gateway/policy-facts.ts';
import { verdictOf } from '../../src/gateway/policy-judge.ts';
import type { GatewayDeps, Order } from '../../src/gateway/order.ts';
import { errorOfFailure } from '../../src/gateway/errors.ts';
import { policyWith } from '../support/policy.ts';

const blocking = policyWith({ keywords: ['kestrel'] }, { id: 'blocking', name: 'Blocks', action: 'block', risk: 'HIGH' });
const logging = policyWith({ personalData: ['email'] }, { id: 'logging', name: 'Logs', action: 'log' });
const fact = (name: string, count = 1) => ({ rule: 'keyword' as const, name, count, excerpt: null });

describe('facts', () => {
  test('of the same rule and name are counted together', () => {
    const facts = new FoundFacts();
    facts.add(logging, [fact('a'), fact('b')]);
    facts.add(logging, [fact('a', 2)]);
    expect(facts.byPolicy.get(logging)).toEqual([fact('a', 3), fact('b')]);
  });

  test('have a bound for each policy, and what is known goes on counting', () => {
    const facts = new FoundFacts();
    for (let at = 0; at < 100; at++) facts.add(logging, [fact(`word ${at}`)]);
    facts.add(logging, [fact('word 0', 5)]);
    const list = facts.byPolicy.get(logging)!;
    expect(list).toHaveLength(factsMax);
    expect(list[0]).toEqual(fact('word 0', 6));
  });

  test('of nothing leave no trace', () => {
    const facts = new FoundFacts();
    facts.add(blocking, []);
    expect([facts.byPolicy.size, facts.blockedBy]).toEqual([0, null]);
  });

  test('the first policy that refuses is the one that is named', () => {
    const facts = new FoundFacts();
    const second = { ...blocking, id: 'second' };
    facts.add(logging, [fact('a')]);
    expect(facts.blockedBy).toBeNull();
    facts.add(blocking, [fact('a')]);
    facts.add(second, [fact('a')]);
    expect(facts.blockedBy).toBe(blocking);
  });

  test('a policy that does not block may still refuse what it cannot act on', () => {
    const facts = new FoundFacts();
    facts.add(logging, [fact('a')], true);
    expect(facts.blockedBy).toBe(logging);
  });

  test('finds of several policies in one text are told apart', () => {
    const text = 'A kestrel of ann@example.com.';
    const facts = new FoundFacts();
    facts.addFindings(text, finished(findIn([blocking, logging], text)));
    expect([facts.byPolicy.get(blocking), facts.byPolicy.get(logging)]).toEqual([
      [fact('kestrel')],
      [{ rule: 'personal', name: 'email', count: 1, excerpt: 'an***om' }],
    ]);
    expect(facts.blockedBy).toBe(blocking);
  });
});

describe('saying no', () => {
  test('a prompt is refused with the name of the policy, cut to what a line holds', () => {
    const { error } = promptBlocked({ ...blocking, name: 'n'.repeat(500) });
    expect(error).toMatchObject({ status: 403, code: 'policy_violation', type: 'permission_error', param: null, shouldRetry: false });
    expect(error.message.length).toBeLessThan(200);
  });

  test('an answer fails for its policy, and is told in the same words', () => {
    const failure = answerBlocked(blocking);
    expect(failure.fault).toBe('policy_blocked');
    const error = errorOfFailure(failure);
    expect(error).toMatchObject({ status: 403, code: 'policy_violation', param: null, retryAfterS: null, shouldRetry: false });
    expect(error.message).toBe(promptBlocked(blocking).error.message);
  });
});

describe('a report', () => {
  const noted: Violation[] = [];
  let number = 0;
  const connections = new Map([['c', { origin: 'https://api.example.com:8443' }]]);
  const deps = {
    ids: { uuid: () => `id-${++number}` },
    clock: { nowMs: () => 1_000 },
    keeper: { snapshot: { connections } },
    violations: { note: (violation: Violation) => void noted.push(violation) },
  } as unknown as GatewayDeps;
  const order = {
    requestId: 'request',
    workspaceId: 'w',
    userId: 'u',
    accessKey: { id: 'k', repositoryId: 'r' },
  } as unknown as Order;
  const sides = (...found: [Policy, string][]) => {
    const facts = new FoundFacts();
    for (const [policy, name] of found) facts.add(policy, [fact(name)]);
    return facts;
  };

  test('says of each policy and side what it found, in whose request, and where it went', () => {
    noted.length = 0;
    const prompt = sides([logging, 'a'], [blocking, 'b']);
    const answer = sides([logging, 'c']);
    const intent = { connectionId: 'c', provider: 'openai', model: 'm' };
    report(
      deps,
      order,
      [
        { stage: 'prompt', facts: prompt },
        { stage: 'answer', facts: answer },
      ],
      intent,
    );
    expect(noted.map(({ policyId, stage, isBlocked }) => [policyId, stage, isBlocked])).toEqual([
      ['logging', 'prompt', false],
      ['blocking', 'prompt', true],
      ['logging', 'answer', false],
    ]);
    expect(noted[1]).toEqual({
      id: expect.stringMatching(/^id-/) as unknown,
      atMs: 1_000,
      policyId: 'blocking',
      policyName: 'Blocks',
      action: 'block',
      isBlocked: true,
      severity: 'HIGH',
      stage: 'prompt',
      facts: [fact('b')],
      requestId: 'request',
      workspaceId: 'w',
      repositoryId: 'r',
      accessKeyId: 'k',
      userId: 'u',
      connectionId: 'c',
      provider: 'openai',
      model: 'm',
      host: 'api.example.com:8443',
    });
  });

  test('of a request that went nowhere, by a person without a key, has empty places for the rest', () => {
    noted.length = 0;
    report(deps, { ...order, accessKey: null, workspaceId: null }, [{ stage: 'prompt', facts: sides([logging, 'a']) }], null);
    expect(noted).toMatchObject([
      { workspaceId: null, repositoryId: null, accessKeyId: null, connectionId: null, provider: null, model: null, host: null },
    ]);
  });

  test('of nothing says nothing', () => {
    noted.length = 0;
    report(deps, order, [{ stage: 'prompt', facts: new FoundFacts() }], null);
    expect(noted).toEqual([]);
  });
});

describe("a judge's word", () => {
  const unreadable = { rule: 'unreadable', name: 'judge', count: 1, excerpt: null };

  test.each([
    ['{"violates": false}', []],
    ['{"violates":false,"reason":"fine"}', []],
    ['Here you are: {"violates": false}', []],
    ['{"violates": true, "reason": "gossip"}', [{ rule: 'judge', name: 'gossip', count: 1, excerpt: null }]],
    ['```json\n{"violates": true, "reason": "gossip"}\n```', [{ rule: 'judge', name: 'gossip', count: 1, excerpt: null }]],
    ['{"violates": true}', [{ rule: 'judge', name: '', count: 1, excerpt: null }]],
    ['{"violates": true, "reason": "a \\"quoted\\" word"}', [{ rule: 'judge', name: 'a  "quoted " word', count: 1, excerpt: null }]],
    ['', [unreadable]],
    [null, [unreadable]],
    ['I think so.', [unreadable]],
    ['{"violates": "yes"}', [unreadable]],
    ['{"violates": 1}', [unreadable]],
  ])('%s', (said, facts) => {
    expect(verdictOf(said)).toEqual(facts);
  });

  test('a long reason is cut, and what no line may hold goes', () => {
    const [found] = verdictOf(`{"violates": true, "reason": "${'r'.repeat(390)}"}`);
    expect(found!.name).toHaveLength(200);
    expect(verdictOf('{"violates": true, "reason": "a\u0007b"}')[0]!.name).toBe('a b');
  });
});
