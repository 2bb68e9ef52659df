/** Numbers and addresses made up by a seed that are right by their check digits and forms, and the sentences they stand in. */

export type Draw = () => number;

export const upTo = (draw: Draw, limit: number): number => Math.floor(draw() * limit);
export const oneOf = <Of>(draw: Draw, list: readonly Of[]): Of => list[upTo(draw, list.length)]!;
export const digits = (draw: Draw, length: number): string => Array.from({ length }, () => upTo(draw, 10)).join('');
const two = (number: number): string => String(number).padStart(2, '0');

/** The digit that makes the sum of a number end in nought, counted from the right as the standard does. */
export function luhnDigit(body: string): string {
  const sum = Array.from(body)
    .toReversed()
    .reduce((total, digit, at) => total + (at % 2 === 0 ? Math.trunc(Number(digit) / 5) + ((Number(digit) * 2) % 10) : Number(digit)), 0);
  return String((10 - (sum % 10)) % 10);
}

/** Beginnings of schemes and how long their numbers are. */
const schemes = [
  ['4', 16], ['4', 13], ['4', 19], ['51', 16], ['55', 16], ['2221', 16], ['2720', 16], ['34', 15], ['37', 15], ['300', 14], ['36', 14],
  ['38', 14], ['6011', 16], ['65', 16], ['644', 16], ['62', 16], ['62', 19], ['35', 16], ['50', 16], ['63', 14],
] as const; // prettier-ignore

export function cardOf(draw: Draw): string {
  const [begin, length] = oneOf(draw, schemes);
  const body = begin + digits(draw, length - begin.length - 1);
  return body + luhnDigit(body);
}

/** In fours, as it is printed. */
export const inFours = (number: string, mark = ' '): string => number.match(/.{1,4}/g)!.join(mark);

/** The rest of a long number, by long division over texts. */
const restOf97 = (number: string): number => Number(BigInt(number) % 97n);
const lettersAsNumbers = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));

/** Countries and what their accounts look like: `n` for a digit, `a` for a letter. */
const accounts = [
  ['DE', 'n'.repeat(18)],
  ['GB', `aaaa${'n'.repeat(14)}`],
  ['NL', `aaaa${'n'.repeat(10)}`],
  ['FR', 'n'.repeat(23)],
  ['NO', 'n'.repeat(11)],
  ['MT', `aaaa${'n'.repeat(23)}`],
  ['SA', 'n'.repeat(20)],
] as const;

export function ibanOf(draw: Draw): string {
  const [country, form] = oneOf(draw, accounts);
  const account = form.replaceAll(/./g, (kind) => (kind === 'n' ? digits(draw, 1) : String.fromCharCode(65 + upTo(draw, 26))));
  const check = 98 - restOf97(lettersAsNumbers(`${account}${country}`) + '00');
  return `${country}${two(check)}${account}`;
}

export interface Nik {
  province: string;
  regency: string;
  district: string;
  day: number;
  month: number;
  year: string;
  number: string;
}

export const nikParts = (draw: Draw): Nik => ({
  province: oneOf(draw, ['11', '31', '32', '35', '51', '73', '91', '96']),
  regency: two(1 + upTo(draw, 79)),
  district: two(1 + upTo(draw, 40)),
  // No month is shorter, and women have forty more.
  day: 1 + upTo(draw, 28) + (draw() < 0.5 ? 40 : 0),
  month: 1 + upTo(draw, 12),
  year: digits(draw, 2),
  number: String(1 + upTo(draw, 9_999)).padStart(4, '0'),
});

export const nikOf = ({ province, regency, district, day, month, year, number }: Nik): string =>
  `${province}${regency}${district}${two(day)}${two(month)}${year}${number}`;

export function npwpOf(draw: Draw): string {
  const body = `0${1 + upTo(draw, 9)}${digits(draw, 6)}`;
  const number = `${body}${luhnDigit(body)}${digits(draw, 3)}000`;
  return number.replace(/(..)(...)(...)(.)(...)(...)/, '$1.$2.$3.$4-$5.$6');
}

export const phoneOf = (draw: Draw): string => {
  const [first, second] = [digits(draw, 4), digits(draw, 4)];
  const operator = `8${1 + upTo(draw, 9)}${upTo(draw, 10)}`;
  return oneOf(draw, [
    `0${operator}-${first}-${second}`,
    `+62 ${operator} ${first} ${second}`,
    `0${operator}${first}${second}`,
    `+62${operator}${first}${second}`,
  ]);
};

export const emailOf = (draw: Draw): string =>
  `${oneOf(draw, ['ana', 'budi.santoso', 'siti_r', 'x+y', 'j-p'])}${upTo(draw, 100)}@${oneOf(draw, ['contoh.co.id', 'example.com', 'mail.example.org'])}`;

/** Sentences without anything personal; `%` is where it is put. */
export const sentences = [
  'Please look at % before the meeting.',
  'The value (%) was entered twice, she said.',
  'It says "%"; nothing else is known.',
  'He wrote %, and then went home!',
  'Mohon periksa % sebelum rapat dimulai.',
  'Data ini berisi %, jangan disebarkan.',
  'Isinya: %',
  'Apakah % sudah benar?',
  'Dia menulis “%” kemarin sore.\nTerima kasih.',
] as const;
