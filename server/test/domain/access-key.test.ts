/** Which plane a key opens, whether it still lives, and which models it may name. */
import { describe, expect, test } from 'vitest';
import { accessKeyPrefix, allowsModel, isLive, keyKindOf, personalTokenPrefix } from '../../src/domain/access-key.ts';

describe('the kind of a bearer text', () => {
  test.each([
    [`${accessKeyPrefix}abc`, 'access-key'],
    [`${personalTokenPrefix}abc`, 'personal-token'],
    ['sk-proj-abc', 'other'],
    ['SK-PB-abc', 'other'],
    [' sk-pb-abc', 'other'],
    ['', 'other'],
  ])('%j is %s', (text, kind) => {
    expect(keyKindOf(text)).toBe(kind);
  });
});

describe('life', () => {
  const nowMs = 1_000;
  test.each([
    [null, null, true],
    [1_001, null, true],
    [1_000, null, false],
    [999, null, false],
    [null, 1_000, false],
    [null, 5_000, false],
    [2_000, 1, false],
  ])('expires %s, revoked %s: %s', (expiresAtMs, revokedAtMs, lives) => {
    expect(isLive({ expiresAtMs, revokedAtMs }, nowMs)).toBe(lives);
  });
});

describe('the list of models', () => {
  test.each<[string[] | null, string, boolean]>([
    [null, 'anything', true],
    [[], 'anything', false],
    [['gpt-4o'], 'gpt-4o', true],
    [['gpt-4o'], 'gpt-4o-mini', false],
    [['gpt-4o'], 'GPT-4O', false],
    [['gpt-4o*'], 'gpt-4o-mini', true],
    [['openai/*'], 'openai/gpt-4o', true],
    [['openai/*'], 'openai', false],
    [['openai/*'], 'Main/gpt-4o', false],
    [['*'], 'anything', true],
    [['a*b'], 'axb', false],
    [['a*b'], 'a*b', true],
    [['x', 'gpt-*'], 'gpt-4o', true],
  ])('%j lets %s: %s', (models, asked, isAllowed) => {
    expect(allowsModel(models, asked)).toBe(isAllowed);
  });
});
