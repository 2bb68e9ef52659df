/** Finds personal data in texts by form and check digits: audited expressions of bounded length, and what is true of real numbers alone. */
import type { DetectorName } from './policy.ts';

/** One find of a detector: from `start` to before `end`. */
export interface Span {
  start: number;
  end: number;
}

interface Detector {
  name: DetectorName;
  /** Global; group `value` is the find where more than it is matched. Every repetition has a bound. */
  form: RegExp;
  /** Whether what has the form is the thing; null is nothing more to ask. */
  isSound: ((value: string, whole: string) => boolean) | null;
}

const digitsOf = (text: string): string => text.replaceAll(/\D/g, '');

/** ISO/IEC 7812-1, annex B. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const doubled = at % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Leading digits of the schemes in use, with their lengths. */
const cardForms =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|65\d\d|64[4-9]\d)\d{12}|62\d{14,17}|35\d{14}|(?:50|5[6-9]|6\d)\d{10,17})$/;

function isCard(value: string): boolean {
  const digits = digitsOf(value);
  return cardForms.test(digits) && passesLuhn(digits) && !/^(\d)\1+$/.test(digits);
}

/** Lengths by country (SWIFT IBAN registry, those of most accounts); elsewhere 15 to 34. */
const ibanLengths: Readonly<Record<string, number>> = {
  AD: 24, AE: 23, AT: 20, BE: 16, BG: 22, BH: 22, CH: 21, CY: 24, CZ: 24, DE: 22, DK: 18, EE: 20, ES: 24, FI: 18, FR: 27, GB: 22,
  GR: 27, HR: 21, HU: 28, IE: 22, IL: 23, IS: 26, IT: 27, KW: 30, LT: 20, LU: 20, LV: 21, MC: 27, MT: 31, NL: 18, NO: 15, PK: 24,
  PL: 28, PT: 25, QA: 29, RO: 24, SA: 24, SE: 24, SI: 19, SK: 24, SM: 27, TN: 24, TR: 26,
}; // prettier-ignore

/** ISO 13616: letters are numbers from ten on, and the whole leaves one when divided by 97. */
function isIban(value: string): boolean {
  const text = value.replaceAll(' ', '').toUpperCase();
  const length = ibanLengths[text.slice(0, 2)];
  if (text.length < 15 || text.length > 34 || (length !== undefined && text.length !== length)) return false;
  let rest = 0;
  for (const letter of text.slice(4) + text.slice(0, 4))
    for (const digit of letter <= '9' ? letter : String(letter.charCodeAt(0) - 55)) rest = (rest * 10 + Number(digit)) % 97;
  return rest === 1;
}

/** Codes of Indonesia's provinces, the first two digits of a NIK (Permendagri 58/2021 and the provinces since). */
const provinces = new Set(
  '11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 61 62 63 64 65 71 72 73 74 75 76 81 82 91 92 93 94 95 96 97'.split(' '),
);

const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Province, regency, district, day of birth (women 40 more), month, year, number: UU 23/2006 with Perpres 26/2009. */
export function isNik(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 16 || !provinces.has(digits.slice(0, 2))) return false;
  const part = (from: number, length = 2): number => Number(digits.slice(from, from + length));
  const day = part(6) > 40 ? part(6) - 40 : part(6);
  const month = part(8);
  if (part(2) === 0 || part(4) === 0 || part(12, 4) === 0 || month < 1 || month > 12) return false;
  return day >= 1 && day <= monthDays[month - 1]!;
}

const namesNpwp = /npwp|tax\s?(?:id|number|no)|pajak/i;
const npwpDots = /^0?\d{2}\.\d{3}\.\d{3}\.\d[-.]\d{3}\.\d{3}$/;

/** Fifteen digits, or sixteen since PMK 112/2022: in their usual dots, or named as what they are. The ninth digit checks the eight before. */
function isNpwp(value: string, whole: string): boolean {
  if (npwpDots.test(value)) return true;
  const digits = digitsOf(value);
  if (namesNpwp.test(whole)) return true;
  // Without a word that names it, a bare number must be one of a taxpayer that is no person: a nought before a checked fifteen.
  return (
    digits.length === 16 && digits.startsWith('00') && digits !== '0'.repeat(16) && passesLuhn(digits.slice(1, 10)) && !/^0{8}/.test(digits)
  );
}

const isOctets = (value: string): boolean =>
  value.split('.').every((part) => Number(part) <= 255 && (part === '0' || !part.startsWith('0')));

function isAddress(value: string): boolean {
  if (value.includes('.') && !value.includes(':')) return isOctets(value) && !/^(?:0\.0\.0\.0|127\.0\.0\.1)$/.test(value);
  const halves = value.split('::');
  const groups = value.split(':').filter((group) => group !== '');
  if (halves.length > 2 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  if (halves.length === 1) return groups.length === 8;
  // A short text with colons is a name of C++ as often as an address.
  return groups.length >= 2 && groups.length <= 7 && value.length >= 6 && /\d/.test(value);
}

const isPhone = (value: string): boolean => {
  const digits = digitsOf(value);
  return digits.length >= 8 && digits.length <= 15 && !/^(\d)\1+$/.test(digits);
};

const isAccount = (value: string): boolean => {
  const digits = digitsOf(value);
  return digits.length >= 7 && digits.length <= 18 && !/^(\d)\1+$/.test(digits);
};

const banks = 'bca|bri|bni|bsi|btn|btpn|cimb(?: ?niaga)?|mandiri|danamon|permata|ocbc|maybank|mega|jago|jenius|seabank|muamalat|panin';

/** In this order the same digits are read: what knows most about a number comes first. */
const detectors: readonly Detector[] = [
  {
    name: 'secret',
    form: /-----BEGIN (?:[A-Z]{2,12} ){0,3}PRIVATE KEY-----|(?<![\w-])(?:sk-(?:[a-z]{2,8}-){0,2}[\w-]{20,200}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|xox[abprs]-[\w-]{10,200}|AIza[\w-]{35}|eyJ[\w-]{10,500}\.eyJ[\w-]{10,1000}\.[\w-]{10,500})(?![\w-])/g,
    isSound: null,
  },
  {
    name: 'email',
    form: /(?<![\w.%+-])[\w%+-](?:[\w.%+-]{0,62}[\w%+-])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}[a-z]{2,24}(?![\w-])/gi,
    isSound: (value) => !value.includes('..'),
  },
  { name: 'iban', form: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])/g, isSound: isIban },
  {
    name: 'npwp',
    form: /(?:(?:npwp|tax (?:id|number|no)|pajak)[^\d\n]{0,24})?(?<![\d.-])(?<value>0?\d{2}\.?\d{3}\.?\d{3}\.?\d[-.]?\d{3}\.?\d{3}|\d{16})(?![\d-]|\.\d)/gi,
    isSound: isNpwp,
  },
  {
    name: 'card',
    form: /(?:(?<![a-z])(?:nik|ktp|kk)[^\d\n]{0,24})?(?<![\d.+-])(?<value>\d(?:[ -]?\d){11,18})(?![\d-]|\.\d)/gi,
    // Some numbers are both; then the word before them decides.
    isSound: (value, whole) => isCard(value) && (whole === value || !isNik(value)),
  },
  { name: 'nik', form: /(?<![\d.-])(?:\d{16}|\d{4}(?:[ .-]\d{4}){3}|\d{6}[ .-]\d{6}[ .-]\d{4})(?![\d-]|\.\d)/g, isSound: isNik },
  {
    name: 'account',
    form: new RegExp(
      `(?<![a-z])(?:no(?:mor)?\\.? ?rek(?:ening)?|rek(?:ening)?|norek|account (?:number|no)|acc(?:oun)?t\\.? ?(?:no|number)|a/c|virtual account|va|${banks})(?![a-z])[^\\d\\n]{0,24}(?<value>\\d(?:[ .-]?\\d){6,17})(?![\\d-]|\\.\\d)`,
      'gi',
    ),
    isSound: isAccount,
  },
  {
    name: 'passport',
    form: /(?<![a-z])(?:passport|paspor)(?![a-z])[^\d\n]{0,24}?(?<![a-z0-9])(?<value>[a-z]{1,2}\d{6,8}|\d{9})(?![a-z0-9])/gi,
    isSound: null,
  },
  {
    name: 'phone',
    form: /(?<![\w.+-]|\d )(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){5,11}|(?:62[ .-]?|0)8[1-9](?:[ .-]?\d){7,10}|(?:\(0[1-9]\d{1,2}\)[ .-]?|0[1-9]\d{1,2}[ .-])\d{3,4}[ .-]?\d{3,4}|(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4})(?![\w-]|\.\d)/g,
    isSound: isPhone,
  },
  {
    name: 'ip',
    form: /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w:]|\.\d)|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:.]))/gi,
    isSound: isAddress,
  },
];

/** Characters before a find that a detector may need to know it for what it is. */
export const contextChars = 64;
/** The longest find of digits and addresses; a text that has not gone on for so long may still become one. */
export const detectorReachChars = 96;

/** Groups that may stand behind a number, one blank apart, without being part of it. */
const strangersMax = 5;

/** What of a form is sound: all of it, or all but the groups at its end, a date of expiry or a bank's code; null for nothing. */
function soundPart(value: string, lead: string, isSound: Detector['isSound']): string | null {
  if (isSound === null) return value;
  let part = value;
  for (let strangers = 0; strangers <= strangersMax; strangers++) {
    if (isSound(part, lead + part)) return part;
    const blank = part.lastIndexOf(' ');
    if (blank < 0) return null;
    part = part.slice(0, blank);
  }
  return null;
}

/** The sound finds of one detector in a text. What is not sound may have begun a group too early, with a year or an amount. */
function* soundIn(text: string, { form, isSound }: Detector): Generator<Span, void, void> {
  const reader = new RegExp(form.source, form.flags);
  // Bounded by the text: each round begins behind the beginning of the one before.
  for (let match = reader.exec(text); match !== null; match = reader.exec(text)) {
    const value = match.groups?.['value'] ?? match[0];
    const lead = match[0].slice(0, match[0].length - value.length);
    const start = match.index + lead.length;
    const part = soundPart(value, lead, isSound);
    if (part !== null) {
      reader.lastIndex = start + part.length;
      yield { start, end: start + part.length };
    } else if (value.includes(' ')) reader.lastIndex = start + value.indexOf(' ') + 1;
  }
}

/** Finds of the chosen detectors that begin in `[from, to)`, in order and apart from each other. `text` may go on behind `to`. */
export function findPersonalData(
  names: ReadonlySet<DetectorName>,
  text: string,
  from: number,
  to: number,
): (Span & { name: DetectorName })[] {
  const found: (Span & { name: DetectorName })[] = [];
  for (const detector of detectors) {
    if (!names.has(detector.name)) continue;
    for (const { start, end } of soundIn(text, detector)) {
      if (start < from || start >= to) continue;
      if (!found.some((other) => other.start < end && start < other.end)) found.push({ name: detector.name, start, end });
    }
  }
  return found.toSorted((a, b) => a.start - b.start);
}
