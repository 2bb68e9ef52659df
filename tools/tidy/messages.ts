/** Rules about the two message catalogues: same keys, same placeholders, written Indonesian, nothing empty, nothing unused. */
import type { Fault, Source } from './source.ts';

export interface Catalogue {
  path: string;
  text: string;
  /** Message by dotted key. */
  messages: Map<string, string>;
}

/** Words that machine translation likes and Indonesian software does not use, and the pleading that buttons do without. */
const bannedIndonesian: readonly { word: string; say: string; butBefore?: string }[] = [
  { word: 'Silakan', say: 'leave it out' },
  { word: 'Mohon', say: 'leave it out' },
  // A person's account is an Akun; what a bank keeps is a rekening.
  { word: 'Rekening', say: 'Akun', butBefore: ' bank' },
  { word: 'Batang', say: 'Log' },
  { word: 'Keseimbangan', say: 'Saldo' },
  { word: 'md', say: 'ms: the other is unknown to engineers' },
];
/** Buttons and menus name the action: "Simpan", not "Menyimpan". Longer texts and progress ("Menghubungkan…") are sentences. */
const actionWordsMax = 3;
const actionPrefix = /^(?:Meng|Mem|Men|Meny)[a-z]{3,}/;
/** Nouns that happen to begin like that. */
const notVerbs = /^(?:Menu|Menit|Memori|Member|Mendatang|Mentah|Memo|Mentor|Mengenai|Menurut|Menunggu)\b/;
/** Names that are the same in every language, so a text that has one in English has it in Indonesian. */
const brands = [
  'Patchbay',
  'OpenAI',
  'Anthropic',
  'Gemini',
  'DeepSeek',
  'Azure',
  'Ollama',
  'PostgreSQL',
  'SQLite',
  'Valkey',
  'Redis',
  'JSON',
  'URL',
];

function flatten(value: unknown, prefix: string, into: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) {
    into.set(prefix, String(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) flatten(inner, prefix === '' ? key : `${prefix}.${key}`, into);
}

export function readCatalogue(path: string, text: string): Catalogue {
  const messages = new Map<string, string>();
  flatten(JSON.parse(text), '', messages);
  return { path, text, messages };
}

/** The line of a key: where its last segment stands after the segments before it. */
function lineOfKey({ text }: Catalogue, key: string): number {
  let at = 0;
  for (const segment of key.split('.')) {
    const found = text.indexOf(`${JSON.stringify(segment)}:`, at);
    if (found >= 0) at = found;
  }
  return text.slice(0, at).split('\n').length;
}

/**
 * The argument and tag names of an ICU message, also those inside plural and select branches. Text between apostrophes that begin
 * before a brace or a tag is plain text.
 */
export function placeholdersOf(message: string): Set<string> {
  const plain = message.replaceAll("''", '').replace(/'(?=[{}<>])[^']*'/g, '');
  const names = new Set<string>();
  // An argument is a name and then `}` or `,`; a branch of a plural is any other text, whose own arguments are found the same way.
  for (const found of plain.matchAll(/\{\s*([\w$]+)\s*(,\s*(?:plural|select|selectordinal|number|date|time)\b|\})/g)) {
    const isBranch = found[2] === '}' && /(?:[\w$]+|=\d+)\s*$/.test(plain.slice(0, found.index)) && insideChoice(plain, found.index);
    if (!isBranch) names.add(`{${found[1]}}`);
  }
  for (const found of plain.matchAll(/<(\w+)>/g)) names.add(`<${found[1]}>`);
  return names;
}

/** Does this brace open a branch (`one {file}`), that is: is the nearest brace still open the one of a plural or select? */
function insideChoice(text: string, at: number): boolean {
  let depth = 0;
  for (let back = at - 1; back >= 0; back -= 1) {
    if (text[back] === '}') depth += 1;
    if (text[back] === '{' && depth === 0) return /^\{\s*[\w$]+\s*,\s*(?:plural|select|selectordinal)\b/.test(text.slice(back));
    if (text[back] === '{') depth -= 1;
  }
  return false;
}

const listed = (names: Iterable<string>): string => [...names].toSorted().join(' ') || 'none';

function textFaults(key: string, english: string, indonesian: string, sameInBoth: ReadonlySet<string>): [rule: string, todo: string][] {
  const found: [string, string][] = [];
  const [own, other] = [placeholdersOf(indonesian), placeholdersOf(english)];
  if (listed(own) !== listed(other))
    found.push(['message-placeholders', `${key}: English has ${listed(other)}, Indonesian has ${listed(own)}`]);
  if (indonesian === english && !sameInBoth.has(english)) {
    found.push(['message-untranslated', `${key}: translate it, or list "${english}" in tools/tidy/same-in-both.json`]);
  }
  for (const { word, say, butBefore } of bannedIndonesian) {
    const not = butBefore === undefined ? '' : `(?!${butBefore}\\b)`;
    if (new RegExp(`\\b${word}\\b${not}`, 'i').test(indonesian)) found.push(['message-word', `${key}: "${word}" is not used here: ${say}`]);
  }
  const isAction = indonesian.split(/\s+/).length <= actionWordsMax && !/[.…?!:,]$/.test(indonesian) && !indonesian.includes('{');
  if (isAction && actionPrefix.test(indonesian) && !notVerbs.test(indonesian)) {
    found.push(['message-word', `${key}: a button or menu names the action by its stem ("Simpan", not "Menyimpan")`]);
  }
  const lost = brands.find((brand) => english.includes(brand) && !indonesian.includes(brand));
  if (lost !== undefined) found.push(['message-brand', `${key}: "${lost}" stays as it is in Indonesian`]);
  return found;
}

/** Compares the two languages of one catalogue. */
export function catalogueFaults(english: Catalogue, indonesian: Catalogue, sameInBoth: ReadonlySet<string>): Fault[] {
  const faults: Fault[] = [];
  const add = (catalogue: Catalogue, key: string, rule: string, todo: string): void => {
    faults.push({ path: catalogue.path, line: lineOfKey(catalogue, key), rule, todo });
  };
  for (const [catalogue, other] of [
    [english, indonesian],
    [indonesian, english],
  ] as const) {
    for (const [key, text] of catalogue.messages) {
      if (text.trim() === '') add(catalogue, key, 'message-empty', `${key}: write its text`);
      if (!other.messages.has(key)) add(catalogue, key, 'message-key', `${key}: add it to ${other.path}, or delete it here`);
    }
  }
  for (const [key, text] of indonesian.messages) {
    const source = english.messages.get(key);
    if (source === undefined || text.trim() === '') continue;
    for (const [rule, todo] of textFaults(key, source, text, sameInBoth)) add(indonesian, key, rule, todo);
  }
  return faults;
}

/** What the sources mention: whole texts, the beginnings of templates, and the keys of objects. */
export interface Mentions {
  whole: Set<string>;
  beginnings: Set<string>;
}

export function mentionsIn(sources: readonly Source[]): Mentions {
  const whole = new Set<string>();
  const beginnings = new Set<string>();
  for (const { literals, code } of sources) {
    for (const { value, isOpen } of literals) (isOpen ? beginnings : whole).add(value);
    for (const found of code.matchAll(/\b([A-Za-z_][\w$]*)\s*:/g)) whole.add(found[1] ?? '');
  }
  beginnings.delete('');
  return { whole, beginnings };
}

/**
 * Is a key mentioned: in one piece, as namespace and rest (`useTranslations('models')`, `t('title')`), or by a template that
 * begins like it? Errs on the side of "used".
 */
export function isMentioned(key: string, { whole, beginnings }: Mentions): boolean {
  if (whole.has(key)) return true;
  const segments = key.split('.');
  for (let at = 0; at < segments.length; at += 1) {
    const rest = segments.slice(at).join('.');
    const namespace = segments.slice(0, at).join('.');
    if (at > 0 && !whole.has(namespace) && !beginnings.has(`${namespace}.`)) continue;
    if (at > 0 && whole.has(rest)) return true;
    for (let dot = rest.indexOf('.'); dot >= 0; dot = rest.indexOf('.', dot + 1)) if (beginnings.has(rest.slice(0, dot + 1))) return true;
  }
  return false;
}

export function unusedMessageFaults(english: Catalogue, mentions: Mentions): Fault[] {
  const unused = [...english.messages.keys()].filter((key) => !isMentioned(key, mentions));
  return unused.map((key) => ({
    path: english.path,
    line: lineOfKey(english, key),
    rule: 'message-unused',
    todo: `${key}: nothing shows it; delete it in both languages`,
  }));
}
