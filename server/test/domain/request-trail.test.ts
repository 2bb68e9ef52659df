/** The trail of a request: when each attempt began, and why there was another one. */
import { expect, test } from 'vitest';
import { startOf, timeOfId, trailOf, type TrailEntry } from '../../src/domain/request-trail.ts';

const requestId = '01890a5d-ac96-774b-bcce-b302099a8057';
const bornMs = 0x01890a5dac96;
const entry = (part: Partial<TrailEntry>): TrailEntry => ({
  attemptNo: 1,
  atMs: bornMs,
  connectionId: 'one',
  model: 'm',
  state: 'settled',
  reason: null,
  latencyMs: 100,
  ...part,
});

test('an id tells when its request came, and another kind of id tells nothing', () => {
  expect(timeOfId(requestId)).toBe(bornMs);
  expect(timeOfId('01890a5d-ac96-474b-bcce-b302099a8057')).toBeNull();
  expect(timeOfId('nothing')).toBeNull();
});

test('a request begins when it came, unless its id cannot be true', () => {
  expect(startOf(requestId, bornMs + 7)).toBe(bornMs);
  expect(startOf(requestId, bornMs - 1)).toBe(bornMs - 1);
  expect(startOf(requestId, bornMs + 3_600_001)).toBe(bornMs + 3_600_001);
});

test.each<[string, TrailEntry[], unknown[]]>([
  ['one attempt after a wait', [entry({ atMs: bornMs + 3 })], [{ offsetMs: 3, cause: 'first', causeReason: null }]],
  ['a retry at the same place', [entry({ reason: 'overloaded' }), entry({ attemptNo: 2, atMs: bornMs + 600 })], [{ cause: 'first' }, { offsetMs: 600, cause: 'retry', causeReason: 'overloaded' }]],
  ['another model is another place', [entry({ reason: 'model_not_found' }), entry({ attemptNo: 2, atMs: bornMs + 100, model: 'n' })], [{}, { cause: 'fallback', causeReason: 'model_not_found' }]],
  ['one that began before the other ended was asked beside it', [entry({ reason: 'hedge_lost', latencyMs: 900 }), entry({ attemptNo: 2, atMs: bornMs + 400, connectionId: 'two' })], [{}, { offsetMs: 400, cause: 'hedge', causeReason: null }]],
  ['one that is open says nothing of the next', [entry({ latencyMs: null, state: 'unknown', reason: 'interrupted' }), entry({ attemptNo: 2, atMs: bornMs + 5 })], [{}, { cause: 'retry', causeReason: 'interrupted' }]],
  ['what reached nobody', [entry({ attemptNo: 0, state: 'refused' })], [{ offsetMs: 0, cause: 'refusal' }]],
  ['what the cache answered', [entry({ attemptNo: 0, connectionId: 'one' })], [{ cause: 'cache' }]],
  ['nothing at all', [], []],
])('%s', (_name, entries, expected) => {
  expect(trailOf(requestId, entries)).toMatchObject(expected);
}); // prettier-ignore
