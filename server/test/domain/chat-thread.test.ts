/** The rules of a chat's tree: paths, versions, deletions, what fits a model, and titles. */
import { describe, expect, test } from 'vitest';
import {
  aliveMs,
  branchOf,
  fitHistory,
  headWithout,
  historyCharsDefault,
  historyCharsMax,
  historyCharsOf,
  newestLeaf,
  pathTo,
  stateAt,
  threadOf,
  titleOf,
  versionsOf,
  type HistoryMessage,
  type ThreadNode,
} from '../../src/domain/chat-thread.ts';

const node = (id: string, parentId: string | null, role: ThreadNode['role']): ThreadNode => ({ id, parentId, role });
/** Two questions; the first has two answers, the second of which was gone on from twice. */
const nodes = [
  node('1', null, 'user'),
  node('2', '1', 'assistant'),
  node('3', '1', 'assistant'),
  node('4', '3', 'user'),
  node('5', '4', 'assistant'),
  node('6', '3', 'user'),
  node('7', '6', 'assistant'),
];
const thread = threadOf(nodes.toReversed());
const ids = (path: readonly ThreadNode[]): string => path.map(({ id }) => id).join('');

describe('a thread', () => {
  test('shows the path from the first message to the head, whatever order the rows came in', () => {
    expect(ids(pathTo(thread, '7'))).toBe('1367');
    expect(ids(pathTo(thread, '2'))).toBe('12');
    expect(pathTo(thread, null)).toEqual([]);
    expect(pathTo(thread, 'x')).toEqual([]);
  });

  test('a ring of parents, which no chat can have, ends all the same', () => {
    const ring = threadOf([node('a', 'b', 'user'), node('b', 'a', 'assistant')]);
    expect(pathTo(ring, 'a').length).toBeGreaterThan(0);
    expect(branchOf(ring, 'a')).toEqual(new Set(['a', 'b']));
    expect(['a', 'b']).toContain(newestLeaf(ring, 'a'));
  });

  test('versions have the same parent and the same role, oldest first', () => {
    expect(versionsOf(thread, nodes[1]!)).toEqual(['2', '3']);
    expect(versionsOf(thread, nodes[3]!)).toEqual(['4', '6']);
    expect(versionsOf(thread, nodes[0]!)).toEqual(['1']);
  });

  test('a version that is chosen is shown to its newest end', () => {
    expect(newestLeaf(thread, '1')).toBe('7');
    expect(newestLeaf(thread, '2')).toBe('2');
    expect(newestLeaf(thread, '4')).toBe('5');
  });

  test('a branch is a message and everything after it', () => {
    expect([...branchOf(thread, '3')].toSorted().join('')).toBe('34567');
    expect([...branchOf(thread, '2')]).toEqual(['2']);
  });

  test('without a branch the head stays, or moves to the newest other version, or before it', () => {
    expect(headWithout(thread, '7', '2')).toBe('7');
    expect(headWithout(thread, '7', '6')).toBe('5');
    expect(headWithout(thread, '7', '7')).toBe('6');
    expect(headWithout(thread, '7', '3')).toBe('2');
    expect(headWithout(thread, '7', '1')).toBeNull();
  });
});

describe('the state of an answer', () => {
  test('one that nobody has written for a while was interrupted; one that has ended stays what it is', () => {
    expect(stateAt('streaming', 1000, 1000 + aliveMs)).toBe('streaming');
    expect(stateAt('streaming', 1000, 1001 + aliveMs)).toBe('interrupted');
    for (const state of ['complete', 'stopped', 'failed', 'interrupted'] as const)
      expect(stateAt(state, 0, Number.MAX_SAFE_INTEGER)).toBe(state);
  });
});

const message = (id: string, chars: number, role: HistoryMessage['role']): HistoryMessage => ({ id, role, content: 'x'.repeat(chars) });
const path = [
  message('q1', 10, 'user'),
  message('a1', 10, 'assistant'),
  message('q2', 10, 'user'),
  message('a2', 10, 'assistant'),
  message('q3', 10, 'user'),
];

describe('what fits', () => {
  test.each([
    [50, ['q1', 'a1', 'q2', 'a2', 'q3'], []],
    [49, ['q2', 'a2', 'q3'], ['q1', 'a1']],
    [30, ['q2', 'a2', 'q3'], ['q1', 'a1']],
    [29, ['q3'], ['q1', 'a1', 'q2', 'a2']],
    [0, ['q3'], ['q1', 'a1', 'q2', 'a2']],
  ])('%i characters: the newest, no answer without its question, and always the question itself', (charsMax, sent, leftOut) => {
    const fitted = fitHistory(path, charsMax);
    expect(fitted.sent.map(({ id }) => id)).toEqual(sent);
    expect(fitted.leftOut).toEqual(leftOut);
  });

  test('nothing is neither sent nor left out twice', () => {
    for (let charsMax = 0; charsMax <= 60; charsMax++) {
      const { sent, leftOut } = fitHistory(path, charsMax);
      expect([...leftOut, ...sent.map(({ id }) => id)]).toEqual(path.map(({ id }) => id));
    }
    expect(fitHistory([], 10)).toEqual({ sent: [], leftOut: [] });
  });

  test('the window of the model decides, with room for the answer; without one a fixed bound', () => {
    expect(historyCharsOf(null, null)).toBe(historyCharsDefault);
    expect(historyCharsOf(8192, 4000)).toBe((8192 - 4000) * 3);
    // An answer never takes more than half of the window.
    expect(historyCharsOf(8192, 8192)).toBe(4096 * 3);
    expect(historyCharsOf(10_000_000, null)).toBe(historyCharsMax);
  });
});

describe('a title', () => {
  test.each([
    ['What is a patchbay?', 'What is a patchbay?'],
    ['\n\n## **Plan** for `today`\nand more', 'Plan for today'],
    ['- one\n- two', 'one'],
    ['```\ncode\n```', 'code'],
    ['???', '???'],
    ['   \n ', null],
    ['a\tb\u0007c', 'a b c'],
  ])('%j becomes %j', (question, title) => {
    expect(titleOf(question)).toBe(title);
  });

  test('a long one is cut at a word, and never within a character', () => {
    const title = titleOf('Tell me everything that there is to know about the patchbays of old telephone exchanges')!;
    expect(title).toBe('Tell me everything that there is to know about the…');
    expect(titleOf('🚀'.repeat(80))!.isWellFormed()).toBe(true);
    expect(titleOf('x'.repeat(500))!.length).toBeLessThanOrEqual(61);
  });
});

describe('any thread', () => {
  /** A tree that follows from its number alone: each message hangs on an earlier one of the other role, or begins the chat. */
  const grown = (seed: number, count: number): ThreadNode[] => {
    let state = seed;
    const draw = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    const made: ThreadNode[] = [];
    for (let index = 0; index < count; index++) {
      const parent = index === 0 ? undefined : made[draw(index)];
      made.push(node(String(index).padStart(4, '0'), parent?.id ?? null, parent?.role === 'user' ? 'assistant' : 'user'));
    }
    return made;
  };

  test('each message is on the path to its own newest end, and among its own versions once', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const all = grown(seed, 60);
      const tree = threadOf(all);
      for (const one of all) {
        const path = pathTo(tree, newestLeaf(tree, one.id));
        expect(path.filter(({ id }) => id === one.id)).toHaveLength(1);
        expect(path[0]!.parentId).toBeNull();
        for (let at = 1; at < path.length; at++) expect(path[at]!.parentId).toBe(path[at - 1]!.id);
        expect(versionsOf(tree, one).filter((id) => id === one.id)).toEqual([one.id]);
      }
    }
  });

  test('after any deletion the head is a message that is left, and nothing that is left hangs on what is gone', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const all = grown(seed, 60);
      const tree = threadOf(all);
      const head = newestLeaf(tree, all[0]!.id);
      for (const one of all) {
        const gone = branchOf(tree, one.id);
        const left = all.filter(({ id }) => !gone.has(id));
        const next = headWithout(tree, head, one.id);
        expect(next === null ? left.length === 0 : left.some(({ id }) => id === next)).toBe(true);
        expect(left.every(({ parentId }) => parentId === null || !gone.has(parentId))).toBe(true);
      }
    }
  });
});
