/** Which policies bind whom: every level above and none beside, in one order, known again without another look. */
import { beforeEach, describe, expect, test } from 'vitest';
import { PolicyIndex, policyActions, readsAnswer, readsPrompt, type Policy } from '../../src/domain/policy.ts';
import { policyWith } from '../support/policy.ts';

let index: PolicyIndex;
let made = 0;
beforeEach(() => {
  index = new PolicyIndex();
  made = 0;
});

/** One more policy, younger than those before it. */
function put(part: Partial<Policy> = {}): Policy {
  made++;
  const policy = policyWith({}, { id: `p${made}`, createdAtMs: made, ...part });
  index.put(policy, false);
  return policy;
}
const organization = (): Policy => put();
const workspace = (workspaceId: string): Policy => put({ level: 'workspace', workspaceId });
const repository = (workspaceId: string, repositoryId: string): Policy => put({ level: 'repository', workspaceId, repositoryId });
const idsAt = (workspaceId: string | null, repositoryId: string | null = null): string[] =>
  index.binding(workspaceId, repositoryId).map(({ id }) => id);

describe('who is bound', () => {
  test('nobody where there is no policy, and one look tells so', () => {
    expect(index.isUsed).toBe(false);
    expect(idsAt('w', 'r')).toEqual([]);
  });

  test('the organization binds everybody, a key of no workspace too', () => {
    const { id } = organization();
    expect([idsAt(null), idsAt('w'), idsAt('w', 'r')]).toEqual([[id], [id], [id]]);
  });

  test('a workspace binds itself and its repositories, and no other', () => {
    const { id } = workspace('w1');
    expect([idsAt('w1'), idsAt('w1', 'r'), idsAt('w2'), idsAt(null)]).toEqual([[id], [id], [], []]);
  });

  test('a repository binds itself alone', () => {
    const { id } = repository('w1', 'r1');
    expect([idsAt('w1', 'r1'), idsAt('w1', 'r2'), idsAt('w1')]).toEqual([[id], [], []]);
  });

  test('the levels add up from the top down, the oldest of each first', () => {
    const low = repository('w1', 'r1');
    const middle = workspace('w1');
    const top = organization();
    const second = organization();
    expect(idsAt('w1', 'r1')).toEqual([top.id, second.id, middle.id, low.id]);
  });

  test('two of the same moment stand in the order of their ids', () => {
    const [b, a] = [put({ id: 'b', createdAtMs: 5 }), put({ id: 'a', createdAtMs: 5 })];
    expect(idsAt(null)).toEqual([a.id, b.id]);
  });
});

describe('what changes', () => {
  test('is seen by the next request, whoever asked before', () => {
    const one = organization();
    expect(idsAt('w')).toEqual([one.id]);
    const two = workspace('w');
    expect(idsAt('w')).toEqual([one.id, two.id]);
    index.put(one, true);
    expect(idsAt('w')).toEqual([two.id]);
  });

  test('switching one off is the same as having none', () => {
    const one = organization();
    index.put({ ...one, isActive: false }, false);
    expect([index.isUsed, idsAt(null)]).toEqual([false, []]);
    index.put(one, false);
    expect([index.isUsed, idsAt(null)]).toEqual([true, [one.id]]);
  });

  test('a newer state takes the place of the older one', () => {
    const one = organization();
    index.put({ ...one, name: 'Renamed' }, false);
    expect(index.binding(null, null).map(({ name }) => name)).toEqual(['Renamed']);
  });

  test('between changes the same question has the very same answer', () => {
    organization();
    expect(index.binding('w', 'r')).toBe(index.binding('w', 'r'));
    expect(index.binding('w', 'r')).not.toBe(index.binding('w', null));
  });

  test('a great many places are known, and memory still has a bound', () => {
    const { id } = organization();
    for (let at = 0; at < 25_000; at++) index.binding(`w${at}`, null);
    expect(idsAt('w24999')).toEqual([id]);
  });
});

test('the numbers of actions on the wire are their places', () => {
  expect(policyActions).toEqual(['log', 'alert', 'block', 'redact']);
});

test.each([
  ['both', true, true],
  ['prompt', true, false],
  ['answer', false, true],
] as const)('a policy that reads %s reads prompts: %s, answers: %s', (side, ofPrompt, ofAnswer) => {
  const policy = policyWith({}, { side });
  expect([readsPrompt(policy), readsAnswer(policy)]).toEqual([ofPrompt, ofAnswer]);
});
