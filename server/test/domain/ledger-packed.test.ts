/** Records as lists of values: nothing is lost on the way there and back, and a place in a list means for ever what it means now. */
import { describe, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { jsonOf, recordsIn } from '../../src/domain/ledger-line.ts';
import { packed, unpacked, type Packed } from '../../src/domain/ledger-packed.ts';

const id = '0190a5c2-7e5a-7000-8000-000000000001';
const requestId = '0190a5c2-7e5a-7000-8000-000000000002';
const begun = {
  id,
  atMs: 1_720_000_000_000,
  requestId,
  face: 'openai.chat',
  purpose: 'completion',
  connectionId: 'c',
  provider: 'p',
  modelAsked: 'asked',
  model: 'served',
  accessKeyId: 'k',
  userId: 'u',
  workspaceId: 'w',
  isStream: true,
  configRevision: 5,
  clientRequestId: 'theirs',
} as const;
const usage = { tokensIn: 1, tokensOut: 2, tokensCached: 3, tokensCacheWrite: 4, tokensReasoning: 5, isEstimated: true };
const intent: LedgerRecord = { kind: 'intent', ...begun, attemptNo: 2, reservedNanoUsd: 99 };
const refused: LedgerRecord = { kind: 'refused', ...begun, reason: 'rate_limit_exceeded', status: 429, latencyMs: 3 };
const hit: LedgerRecord = { kind: 'hit', ...begun, savedNanoUsd: 77, latencyMs: 2 };
const settlement: LedgerRecord = {
  kind: 'settle',
  id,
  atMs: 1_720_000_000_000,
  state: 'partial',
  reason: 'client_closed',
  status: 499,
  isLast: true,
  usage,
  costNanoUsd: 1_234,
  prices: { input: 1, output: 2, cacheRead: 3, cacheWrite: 4, perRequest: 5 },
  modelReported: 'reported',
  finishReason: 'length',
  latencyMs: 17,
  firstByteMs: 16,
  changed: [{ parameter: 'top_k', what: 'dropped' }],
};
const all: readonly (readonly [string, LedgerRecord])[] = [
  ['an intent', intent],
  ['a settlement', settlement],
  ['a refused request', refused],
  ['an answer from the cache', hit],
];
const throughJson = (record: LedgerRecord): LedgerRecord => unpacked(JSON.parse(JSON.stringify(packed(record))) as Packed);

describe('there and back', () => {
  test.each(all)('%s with everything in it is what it was', (_name, record) => {
    expect(throughJson(record)).toEqual(record);
  });

  test('an hour of the cache, the tier that served and tokens of sound come back, each without the others too', () => {
    if (settlement.kind !== 'settle') throw new Error('a settlement');
    for (const more of [{ tokensCacheWriteHour: 3 }, { serviceTier: 'flex' }, { tokensCacheWriteHour: 3, serviceTier: 'flex' }]) {
      const record: LedgerRecord = { ...settlement, usage: { ...usage, ...more } };
      expect(throughJson(record)).toEqual(record);
    }
    for (const more of [{ tokensAudioIn: 4 }, { tokensAudioOut: 5 }, { tokensAudioIn: 4, tokensAudioOut: 5, tokensAudioCached: 2 }])
      for (const other of [{}, { tokensCacheWriteHour: 3 }, { serviceTier: 'flex' }]) {
        const record: LedgerRecord = { ...settlement, usage: { ...usage, ...other, ...more } };
        expect(throughJson(record)).toEqual(record);
      }
    // What says neither is as long as it was before there was either: most lines are.
    expect(packed(settlement)).toHaveLength(20);
  });

  test('a repository and a use case come back, each without the other too, and whoever has neither pays no place for it', () => {
    for (const more of [{ repositoryId: 'r' }, { useCaseId: 'x' }, { repositoryId: 'r', useCaseId: 'x' }])
      for (const record of [intent, refused]) expect(throughJson({ ...record, ...more })).toEqual({ ...record, ...more });
    expect([packed(intent).length, packed(refused).length]).toEqual([18, 19]);
  });

  test('the routing group that chose the target comes back, with a repository and a use case and without them', () => {
    for (const more of [
      { routingGroupId: 'g' },
      { routingGroupId: 'g', useCaseId: 'x' },
      { routingGroupId: 'g', repositoryId: 'r', useCaseId: 'x' },
    ])
      expect(throughJson({ ...intent, ...more })).toEqual({ ...intent, ...more });
  });

  test('what is not there stays away: null is null, zero is zero, false is false', () => {
    const bare: LedgerRecord = {
      ...settlement,
      state: 'settled',
      reason: null,
      isLast: false,
      usage: { tokensIn: 0, tokensOut: 0, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 0, isEstimated: false },
      costNanoUsd: null,
      prices: null,
      modelReported: null,
      finishReason: null,
      firstByteMs: null,
      changed: null,
    };
    expect(throughJson(bare)).toEqual(bare);
    expect(throughJson({ ...bare, costNanoUsd: 0, firstByteMs: 0 })).toMatchObject({ costNanoUsd: 0, firstByteMs: 0 });
    const nobodys: LedgerRecord = {
      ...intent,
      connectionId: null,
      accessKeyId: null,
      userId: null,
      workspaceId: null,
      clientRequestId: null,
    };
    expect(throughJson(nobodys)).toEqual(nobodys);
  });

  test.each([
    ['the model that was asked for', 'm', 'm'],
    ['another than was asked for', 'm', 'n'],
    ['one where nothing was asked for', '', 'n'],
    ['none at all', '', ''],
  ])('the model comes back as %s', (_name, modelAsked, model) => {
    expect(throughJson({ ...intent, modelAsked, model })).toMatchObject({ modelAsked, model });
  });

  test('no two fields share a place: each by itself changed is changed alone', () => {
    for (const [, record] of all) {
      const fields = record as unknown as Record<string, unknown>;
      for (const name of Object.keys(fields).filter((key) => key !== 'kind' && key !== 'usage')) {
        const altered = { ...fields, [name]: `other ${name}` } as unknown as LedgerRecord;
        expect(throughJson(altered)).toEqual(altered);
      }
    }
    for (const name of Object.keys(usage)) {
      const altered = { ...settlement, usage: { ...usage, [name]: 777 } } as LedgerRecord;
      expect(throughJson(altered)).toEqual(altered);
    }
  });
});

describe('the places', () => {
  test('are these: a journal of an earlier release must go on meaning what it meant', () => {
    expect(packed(intent)).toEqual(
      ['i', id, begun.atMs, requestId, 'openai.chat', 'completion', 'c', 'p', 'asked', 'served', 'k', 'u', 'w', true, 5, 'theirs', 2, 99], // prettier-ignore
    );
    expect(packed(refused)).toEqual(
      ['r', id, begun.atMs, requestId, 'openai.chat', 'completion', 'c', 'p', 'asked', 'served', 'k', 'u', 'w', true, 5, 'theirs', 'rate_limit_exceeded', 429, 3], // prettier-ignore
    );
    expect(packed(hit)).toEqual(
      ['h', id, begun.atMs, requestId, 'openai.chat', 'completion', 'c', 'p', 'asked', 'served', 'k', 'u', 'w', true, 5, 'theirs', 77, 2], // prettier-ignore
    );
    expect(packed(settlement)).toEqual(
      ['s', id, begun.atMs, 'partial', 'client_closed', 499, true, 1, 2, 3, 4, 5, true, 1_234, { input: 1, output: 2, cacheRead: 3, cacheWrite: 4, perRequest: 5 }, 'reported', 'length', 17, 16, [{ parameter: 'top_k', what: 'dropped' }]], // prettier-ignore
    );
  });
});

describe('a payload', () => {
  const prefix = '00000000 00000000 ';

  test.each(all)('%s comes back with its number', (_name, record) => {
    expect(recordsIn(`${prefix}41 ${jsonOf(record)}\n`)).toEqual([{ seq: 41, record }]);
  });

  test.each(all)('%s that was written with names is read as well', (_name, record) => {
    expect(recordsIn(`${prefix}7 ${JSON.stringify(record)}\n`)).toEqual([{ seq: 7, record }]);
  });

  test('both kinds of lines may stand in one text, as after an upgrade', () => {
    const text = `${prefix}1 ${JSON.stringify(intent)}\n${prefix}2 ${jsonOf(settlement)}\n`;
    const both = [
      { seq: 1, record: intent },
      { seq: 2, record: settlement },
    ];
    expect(recordsIn(text)).toEqual(both);
    // Empty lines are how a writer closes a line that broke; what has no end is no line.
    expect(recordsIn(`\n${text.replace('\n', '\n\n')}\n${prefix}3 ["i"`)).toEqual(both);
    expect(recordsIn('')).toEqual([]);
  });
});
