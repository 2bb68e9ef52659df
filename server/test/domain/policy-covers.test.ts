/** Covering changes the finds and nothing else, byte for byte, in texts made up by a seed and in any pieces that they may come in. */
import { describe, expect, test } from 'vitest';
import { edited, editsOf, factsOf, findIn, finished, masked, type Edit } from '../../src/domain/policy-rules.ts';
import { JudgedText } from '../../src/domain/policy-stream.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { policyWith } from '../support/policy.ts';
import { seeded } from '../vault/parts.ts';
import { cardOf, emailOf, ibanOf, inFours, nikOf, nikParts, npwpOf, oneOf, phoneOf, upTo, type Draw } from './policy-made-up.ts';

const policy = policyWith({
  keywords: ['project kestrel', 'rahasia negara'],
  patterns: ['ACME-\\d{4}\\b'],
  personalData: ['email', 'phone', 'card', 'iban', 'nik', 'npwp'],
});

const personal: readonly [mask: string, make: (draw: Draw) => string][] = [
  ['[EMAIL]', emailOf],
  ['[PHONE]', phoneOf],
  ['[CARD]', (draw) => inFours(cardOf(draw))],
  ['[IBAN]', ibanOf],
  // No card begins like a person of this province.
  ['[NIK]', (draw) => inFours(nikOf({ ...nikParts(draw), province: '31' }))],
  ['[NPWP]', npwpOf],
  ['[REDACTED]', () => 'Project Kestrel'],
  ['[REDACTED]', () => 'rahasia negara'],
  ['[REDACTED]', (draw) => `ACME-${1_000 + upTo(draw, 9_000)}`],
];

/** Words with what is awkward to count: accents apart from their letters, characters of two halves, blanks that do not break, bare marks. */
const words = [
  'the', 'of', 'and', 'yang', 'dengan', 'kepada', 'sudah', 'Ça', 'na\u0131ve', 'e\u0301te', '\u{1f600}', '\u{1f468}\u200d\u{1f469}', '\u4f60\u597d', '\ufeff',
  'a\u00a0b', '\u202emirrored', '$1', '$&', '[EMAIL]', '\\', '"quoted"', "it's", '<b>', '\t', '\r\n', '\u0000', '.', '!', '?\n', '\u2026',
] as const; // prettier-ignore

interface MadeUp {
  text: string;
  covered: string;
  finds: number;
}

/** A text and what it must look like when it is covered, written side by side. */
function madeUp(draw: Draw, length: number): MadeUp {
  const made: MadeUp = { text: '', covered: '', finds: 0 };
  for (let at = 0; at < length; at++) {
    const word = oneOf(draw, words);
    made.text += `${word} `;
    made.covered += `${word} `;
    if (draw() > 0.2) continue;
    const [mask, make] = oneOf(draw, personal);
    // In brackets, so that what stands beside it never belongs to it.
    made.text += `(${make(draw)}) `;
    made.covered += `(${mask}) `;
    made.finds++;
  }
  return made;
}

const coveredAtOnce = (policies: readonly Policy[], text: string): string => edited(text, editsOf(finished(findIn(policies, text))));

function coveredInPieces(text: string, cuts: readonly number[], by: Policy = policy): { text: string; finds: number } {
  const judged = new JudgedText([by], false);
  const edits: Edit[] = [];
  let finds = 0;
  for (const [at, cut] of [...cuts, text.length].entries()) {
    finds += judged.push(text.slice(cuts[at - 1] ?? 0, cut))?.findings.length ?? 0;
    expect(judged.judgedTo).toBeLessThanOrEqual(judged.length);
  }
  finds += judged.end()?.findings.length ?? 0;
  edits.push(...judged.edits);
  return { text: edited(text, edits), finds };
}

describe('covering a whole text', () => {
  test('leaves everything beside the finds as it is, and covers every find, in three hundred texts', () => {
    const draw = seeded(31);
    let finds = 0;
    for (let round = 0; round < 300; round++) {
      const made = madeUp(draw, 30);
      expect(coveredAtOnce([policy], made.text)).toBe(made.covered);
      finds += made.finds;
    }
    expect(finds).toBeGreaterThan(1_000);
  });

  test('twice is the same as once: a mask is nothing that is found', () => {
    const draw = seeded(32);
    for (let round = 0; round < 100; round++) {
      const { covered } = madeUp(draw, 30);
      expect(coveredAtOnce([policy], covered)).toBe(covered);
    }
  });

  test('a text without a find is the very same text', () => {
    const text = words.join(' ');
    expect(coveredAtOnce([policy], text)).toBe(text);
    expect(edited(text, [])).toBe(text);
  });

  test('a policy that does not redact finds the same and changes nothing', () => {
    const draw = seeded(33);
    for (const action of ['log', 'alert', 'block'] as const) {
      const { text, finds } = madeUp(draw, 40);
      const other = policyWith(policy.rules, { action });
      expect(finished(findIn([other], text))).toHaveLength(finds);
      expect(coveredAtOnce([other], text)).toBe(text);
    }
  });

  test('two policies with the same rules cover no more than one', () => {
    const draw = seeded(34);
    for (let round = 0; round < 50; round++) {
      const made = madeUp(draw, 30);
      expect(coveredAtOnce([policy, policyWith(policy.rules, { id: 'another' })], made.text)).toBe(made.covered);
    }
  });

  test('finds stand in the order of the text, and lie where they say', () => {
    const draw = seeded(35);
    const { text } = madeUp(draw, 200);
    const findings = finished(findIn([policy], text));
    for (const [at, { start, end }] of findings.entries()) {
      expect(start).toBeGreaterThanOrEqual(findings[at - 1]?.end ?? 0);
      expect([text[start - 1], text[end]]).toEqual(['(', ')']);
    }
  });

  test('a reading of two parts finds what a reading of the whole finds, each once, wherever the border is', () => {
    const { text } = madeUp(seeded(36), 40);
    const whole = finished(findIn([policy], text));
    for (let border = 0; border <= text.length; border++) {
      const parts = [...finished(findIn([policy], text, 0, border)), ...finished(findIn([policy], text, border))];
      expect(parts, String(border)).toEqual(whole);
    }
  });
});

describe('covering a text in pieces', () => {
  test('is the same for every cut of a text into two', () => {
    const made = madeUp(seeded(41), 60);
    for (let cut = 0; cut <= made.text.length; cut++)
      expect(coveredInPieces(made.text, [cut]), String(cut)).toEqual({ text: made.covered, finds: made.finds });
  });

  test('a word that names a number names it from the sentence before as well, for every cut', () => {
    const named = policyWith({ personalData: ['account', 'npwp', 'passport'] });
    const filling = 'Nothing else was said on that day. '.repeat(6);
    const text = `${filling}Nomor rekening? 7001234567 ada. ${filling}My passport. It is X1234567. ${filling}NPWP! 092542943407000. ${filling}`;
    const covered = `${filling}Nomor rekening? [ACCOUNT] ada. ${filling}My passport. It is [PASSPORT]. ${filling}NPWP! [NPWP]. ${filling}`;
    for (let cut = 0; cut <= text.length; cut++)
      expect(coveredInPieces(text, [cut], named), String(cut)).toEqual({ text: covered, finds: 3 });
    const singly = Array.from(text, (_, at) => at + 1);
    expect(coveredInPieces(text, singly, named)).toEqual({ text: covered, finds: 3 });
  });

  test('is the same for a hundred texts cut anywhere, often and seldom', () => {
    const draw = seeded(42);
    for (let round = 0; round < 100; round++) {
      const made = madeUp(draw, 40);
      const cuts = Array.from({ length: upTo(draw, 80) }, () => upTo(draw, made.text.length)).toSorted((a, b) => a - b);
      expect(coveredInPieces(made.text, cuts)).toEqual({ text: made.covered, finds: made.finds });
    }
  });
});

describe('what is kept of a find', () => {
  test('a mask shows four characters at most, and none of what is short', () => {
    const draw = seeded(51);
    for (let round = 0; round < 300; round++) {
      const [, make] = oneOf(draw, personal);
      const value = make(draw).slice(0, 1 + upTo(draw, 30));
      const shown = masked(value);
      if (value.length < 8) expect(shown).toBe('***');
      else expect(shown).toBe(`${value.slice(0, 2)}***${value.slice(-2)}`);
    }
    expect(masked('\u{1f600}'.repeat(8))).toBe('\u{1f600}\u{1f600}***\u{1f600}\u{1f600}');
  });

  test('the counts of the facts are the finds, and no fact tells a value', () => {
    const draw = seeded(52);
    for (let round = 0; round < 50; round++) {
      const { text, finds } = madeUp(draw, 40);
      const findings = finished(findIn([policy], text));
      const facts = factsOf(text, findings);
      expect(facts.reduce((sum, { count }) => sum + count, 0)).toBe(finds);
      const values = findings.filter(({ rule }) => rule === 'personal').map(({ start, end }) => text.slice(start, end));
      for (const value of values) expect(JSON.stringify(facts)).not.toContain(value);
    }
  });
});
