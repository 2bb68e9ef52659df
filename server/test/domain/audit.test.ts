/** What an audit entry keeps of a change: the fields that differ, and of a secret that it changed and nothing more. */
import { describe, expect, test } from 'vitest';
import { changesBetween } from '../../src/domain/audit.ts';

describe('changes', () => {
  test('are the fields that differ, each with both values', () => {
    expect(changesBetween({ name: 'a', model: 'x' }, { name: 'b', model: 'x' })).toEqual({ name: { before: 'a', after: 'b' } });
  });

  test('of nothing are none', () => {
    expect(changesBetween({ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 2] } })).toEqual({});
  });

  test('a field that came or went has null on the other side', () => {
    expect(changesBetween({}, { rpm: 5 })).toEqual({ rpm: { before: null, after: 5 } });
    expect(changesBetween({ rpm: 5 }, {})).toEqual({ rpm: { before: 5, after: null } });
  });

  test('are seen within lists and objects', () => {
    expect(changesBetween({ models: ['a'] }, { models: ['a', 'b'] })).toEqual({ models: { before: ['a'], after: ['a', 'b'] } });
  });

  test('undefined and missing are the same', () => {
    expect(changesBetween({ a: undefined }, {})).toEqual({});
  });

  test('false, zero and empty are values like others', () => {
    expect(changesBetween({ a: true, b: 1, c: 'x' }, { a: false, b: 0, c: '' })).toEqual({
      a: { before: true, after: false },
      b: { before: 1, after: 0 },
      c: { before: 'x', after: '' },
    });
  });

  test('of a secret say only that it changed', () => {
    const changes = changesBetween({ secret: 'sk-old-value', name: 'a' }, { secret: 'sk-new-value', name: 'a' }, ['secret']);
    expect(changes).toEqual({ secret: { after: 'changed' } });
    expect(JSON.stringify(changes)).not.toMatch(/sk-/);
  });

  test('of a secret that stayed say nothing at all', () => {
    expect(changesBetween({ secret: 'sk-same' }, { secret: 'sk-same' }, ['secret'])).toEqual({});
  });
});
