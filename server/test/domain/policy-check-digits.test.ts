/** What is right by its check digits is found in every sentence and alone; what is wrong by one digit, or part of a longer run, is not. */
import { describe, expect, test } from 'vitest';
import { findPersonalData, isNik, passesLuhn } from '../../src/domain/policy-detectors.ts';
import { detectorNames, type DetectorName } from '../../src/domain/policy.ts';
import { seeded } from '../vault/parts.ts';
import {
  cardOf,
  digits,
  emailOf,
  ibanOf,
  inFours,
  luhnDigit,
  nikOf,
  nikParts,
  npwpOf,
  oneOf,
  phoneOf,
  sentences,
  upTo,
  type Draw,
} from './policy-made-up.ts';
import { cpuMsOf } from '../support/cpu.ts';

const rounds = 150;

const finds = (name: DetectorName, text: string): string[] =>
  findPersonalData(new Set([name]), text, 0, text.length).map(({ start, end }) => text.slice(start, end));

/** A digit replaced by another one. */
function withOneWrong(draw: Draw, text: string): string {
  const places = [...text.matchAll(/\d/g)].map(({ index }) => index);
  const place = oneOf(draw, places);
  return text.slice(0, place) + String((Number(text[place]) + 1 + upTo(draw, 9)) % 10) + text.slice(place + 1);
}

describe('in any sentence of both languages', () => {
  const makers: [DetectorName, (draw: Draw) => string][] = [
    ['card', cardOf],
    ['card', (draw) => inFours(cardOf(draw))],
    ['card', (draw) => inFours(cardOf(draw), '-')],
    ['iban', ibanOf],
    ['iban', (draw) => inFours(ibanOf(draw))],
    ['nik', (draw) => nikOf(nikParts(draw))],
    ['nik', (draw) => inFours(nikOf(nikParts(draw)))],
    ['npwp', npwpOf],
    ['phone', phoneOf],
    ['email', emailOf],
  ];
  test.each(makers.map(([name, make], at) => ({ name, make, at })))('a $name is found whole and alone, form $at', ({ name, make, at }) => {
    const draw = seeded(500 + at);
    for (let round = 0; round < rounds; round++) {
      const made = make(draw);
      for (const sentence of sentences) expect(finds(name, sentence.replace('%', made)), made).toEqual([made]);
    }
  });

  test('the sentences themselves hold nothing, for any detector', () => {
    for (const sentence of sentences)
      expect(findPersonalData(new Set(detectorNames), sentence.replace('%', 'this'), 0, sentence.length)).toEqual([]);
  });
});

describe('one wrong digit', () => {
  test('makes a card none: the sum sees every single digit', () => {
    const draw = seeded(601);
    for (let round = 0; round < rounds; round++) {
      const wrong = withOneWrong(draw, cardOf(draw));
      expect(passesLuhn(wrong)).toBe(false);
      expect(finds('card', `Card ${wrong}, please.`)).toEqual([]);
    }
  });

  test('makes an IBAN none, and so do two neighbours that changed places', () => {
    const draw = seeded(602);
    for (let round = 0; round < rounds; round++) {
      const iban = ibanOf(draw);
      expect(finds('iban', `IBAN ${withOneWrong(draw, iban)}.`)).toEqual([]);
      const at = 4 + upTo(draw, iban.length - 5);
      const swapped = iban.slice(0, at) + iban[at + 1]! + iban[at]! + iban.slice(at + 2);
      if (swapped !== iban) expect(finds('iban', `IBAN ${swapped}.`)).toEqual([]);
    }
  });

  test.each([
    ['a province that there is not', { province: '20' }],
    ['no regency', { regency: '00' }],
    ['no district', { district: '00' }],
    ['no day', { day: 0 }],
    ['a day between men and women', { day: 32 }],
    ['no day of a woman', { day: 40 }],
    ['a day after the last one of a woman', { day: 72 }],
    ['the thirtieth of February', { day: 30, month: 2 }],
    ['the thirty-first of June, of a woman', { day: 71, month: 6 }],
    ['no month', { month: 0 }],
    ['a thirteenth month', { month: 13 }],
    ['no number', { number: '0000' }],
  ])('%s makes a NIK none', (_, part) => {
    const draw = seeded(603);
    for (let round = 0; round < rounds; round++) {
      const parts = nikParts(draw);
      expect(isNik(nikOf(parts))).toBe(true);
      expect(finds('nik', `NIK ${nikOf({ ...parts, ...part })}.`)).toEqual([]);
    }
  });
});

describe('longer runs of digits', () => {
  test.each([
    ['card', cardOf],
    ['nik', (draw: Draw) => nikOf(nikParts(draw))],
    ['phone', phoneOf],
  ] as [DetectorName, (draw: Draw) => string][])('hide no %s, whatever stands before and behind', (name, make) => {
    const draw = seeded(610);
    for (let round = 0; round < rounds; round++) {
      const made = make(draw).replaceAll(/\D/g, '');
      expect(finds(name, `${digits(draw, 24)}${made}${digits(draw, 24)}`)).toEqual([]);
      expect(finds(name, `Reference 1.${made} of it`)).toEqual([]);
      expect(finds(name, `Reference 0-${made} of it`)).toEqual([]);
    }
  });

  test('an IBAN within a longer word is none', () => {
    const draw = seeded(611);
    for (let round = 0; round < rounds; round++) {
      expect(finds('iban', `x${ibanOf(draw)}`)).toEqual([]);
      expect(finds('iban', `${ibanOf(draw)}x`)).toEqual([]);
    }
  });

  test('one digit more or less makes no NIK', () => {
    const draw = seeded(612);
    for (let round = 0; round < rounds; round++) {
      const nik = nikOf(nikParts(draw));
      for (const text of [nik.slice(1), nik.slice(0, -1), `${nik}1`, `1${nik}`]) expect(finds('nik', `KTP ${text} ada`)).toEqual([]);
    }
  });
});

describe('what stands beside a number', () => {
  test.each([' 12/29', ' 12/29 123', ' 123', ' 7 kali', ' 09 29', ', 12/29'])('does not hide a card that is followed by “%s”', (behind) => {
    const draw = seeded(620);
    for (let round = 0; round < rounds; round++) {
      // A scheme of sixteen digits and no others: what follows can only be something else.
      const body = `51${digits(draw, 13)}`;
      const whole = inFours(body + luhnDigit(body));
      expect(finds('card', `Kartu ${whole}${behind}`)).toEqual([whole]);
    }
  });

  test.each(['2 ', '2024 ', '1 2 3 ', '12, ', '4111 1111 ', 'x 99 '])('does not hide a card behind “%s”', (before) => {
    expect(finds('card', `Pay ${before}5105 1051 0510 5100 now`)).toEqual(['5105 1051 0510 5100']);
  });

  test.each([' BIC COBADEFF', ' IS OURS', ' AND 12 MORE', ' 5'])('does not hide an IBAN that is followed by “%s”', (behind) => {
    const draw = seeded(621);
    for (let round = 0; round < rounds; round++) {
      const iban = draw() < 0.5 ? ibanOf(draw) : inFours(ibanOf(draw));
      expect(finds('iban', `IBAN ${iban}${behind}`)).toEqual([iban]);
    }
  });

  test('a year before a NIK in fours does not hide it', () => {
    expect(finds('nik', 'tahun 2024 3174 0512 0990 0001 terdaftar')).toEqual(['3174 0512 0990 0001']);
  });

  test('a number of a telephone with its country before it is never a card, although it may pass as one', () => {
    const draw = seeded(622);
    let both = 0;
    for (let round = 0; round < 1_000; round++) {
      const phone = `+62 8${digits(draw, 2)} ${digits(draw, 4)} ${digits(draw, 4)}`;
      expect(finds('card', `Call ${phone} now`)).toEqual([]);
      if (finds('card', `Call ${phone.slice(1)} now`).length > 0) both++;
    }
    expect(both).toBeGreaterThan(50);
  });

  test('an IBAN whose account would pass as a card is covered whole, and not from its middle on', () => {
    const draw = seeded(623);
    const all = new Set(detectorNames);
    let both = 0;
    for (let round = 0; round < 1_000; round++) {
      const iban = ibanOf(draw);
      const text = `Send to ${iban} today`;
      expect(findPersonalData(all, text, 0, text.length)).toEqual([{ name: 'iban', start: 8, end: 8 + iban.length }]);
      if (finds('card', text).length > 0) both++;
    }
    expect(both).toBeGreaterThan(0);
  });

  test('two cards with one blank between them are two', () => {
    expect(finds('card', '4111111111111111 5105105105105100')).toHaveLength(2);
    expect(finds('card', '4111 1111 1111 1111 5105 1051 0510 5100')).toHaveLength(2);
    expect(finds('card', '4111 1111 1111 1111 12 34 5105 1051 0510 5100')).toHaveLength(2);
  });

  test('numbers without end are read in time that grows with their length alone', async () => {
    const tookMs = (text: string): Promise<number> =>
      cpuMsOf(() => expect(findPersonalData(new Set(detectorNames), text, 0, text.length)).toEqual([]));
    await tookMs('1 '.repeat(2_000));
    // Were it the square, sixteen times the text would take 256 times as long.
    const [short, long] = [await tookMs('1 '.repeat(2_000)), await tookMs('1 '.repeat(32_000))];
    expect(long).toBeLessThan(Math.max(short, 5) * 100);
  });
});
