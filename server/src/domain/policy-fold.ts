/** A text as people read it: letters and digits in their plain form, without what is not seen, and the way back to what was sent. */

export interface Folded {
  text: string;
  /** Where a character of the folded text begins in the text as it was sent. */
  startOf(at: number): number;
  /** Where the characters before a place of the folded text end in it. */
  endOf(at: number): number;
  /** The first place of the folded text that does not begin before a place of what was sent. */
  placeOf(raw: number): number;
}

/** What goes on with the character before it: marks, what is not seen, the later parts of a Korean syllable, half-width sound marks. */
const goesOn = '\\p{M}\\p{Default_Ignorable_Code_Point}\\u1160-\\u11ff\\uff9e\\uff9f';
/** Letters of most texts, which are plain already: ASCII, Latin, Cyrillic, quotes and dashes, kana, Han, Hangul. */
export const plainLetters =
  '\\x00-\\x7f\\u00c0-\\u0131\\u0400-\\u052f\\u2010\\u2012-\\u2016\\u2018-\\u201e\\u3041-\\u3096\\u30a1-\\u30fa\\u4e00-\\u9fff\\uac00-\\ud7a3';
/** Nobody sets more marks upon a letter; a longer row of them is read in parts, since putting them in order takes the square of their number. */
const marksMax = 31;

const letters = new RegExp(`(?:[${plainLetters}](?=[${goesOn}])|[^${plainLetters}])[${goesOn}]{0,${marksMax}}`, 'gu');
const unseen = /\p{Default_Ignorable_Code_Point}/gu;
const begins = new RegExp(`[${goesOn}]|[\\ud800-\\udfff]`, 'u');
/** Anything else than ASCII's letters and blanks. */
const mayChange = /[^\t\n\r -~]/;

/** One letter, or a few words of a policy, as it is read (Unicode, NFKC). */
export const plainOf = (text: string): string => text.replaceAll(unseen, '').normalize('NFKC');

/** Characters between two turns. */
const sliceChars = 32_768;

/** A row of characters that is read otherwise than it was sent. */
interface Change {
  from: number;
  to: number;
  start: number;
  end: number;
}

/** Null for a text that is read as it was sent. Yields now and then. */
export function* fold(text: string): Generator<void, Folded | null, void> {
  const changes: Change[] = [];
  let folded = '';
  let kept = 0;
  for (let at = 0; at < text.length;) {
    let until = Math.min(text.length, at + sliceChars);
    // A piece ends before a character, not within one.
    for (let more = 0; more < marksMax && until < text.length && begins.test(text[until]!); more++) until++;
    const piece = text.slice(at, until);
    if (mayChange.test(piece))
      for (const { 0: letter, index } of piece.matchAll(letters)) {
        const plain = plainOf(letter);
        if (plain === letter) continue;
        const from = at + index;
        folded += text.slice(kept, from);
        changes.push({ from, to: from + letter.length, start: folded.length, end: folded.length + plain.length });
        folded += plain;
        kept = from + letter.length;
      }
    at = until;
    yield;
  }
  if (changes.length === 0) return null;
  folded += text.slice(kept);
  return { text: folded, ...waysBack(changes) };
}

function waysBack(changes: readonly Change[]): Omit<Folded, 'text'> {
  /** The last change of which this is true; it is true of those before it too. */
  const last = (isBefore: (change: Change) => boolean): Change | undefined => {
    let [low, high] = [0, changes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(changes[middle]!)) low = middle + 1;
      else high = middle;
    }
    return changes[low - 1];
  };
  return {
    startOf(at) {
      const change = last(({ start }) => start <= at);
      if (change === undefined) return at;
      return at < change.end ? change.from : change.to + at - change.end;
    },
    endOf(at) {
      const change = last(({ start }) => start < at);
      if (change === undefined) return at;
      return at <= change.end ? change.to : change.to + at - change.end;
    },
    placeOf(raw) {
      const change = last(({ from }) => from < raw);
      if (change === undefined) return raw;
      return raw < change.to ? change.end : change.end + raw - change.to;
    },
  };
}

const hidden = new RegExp(`[${goesOn}]`, 'u');
const read = new RegExp(`[^][${goesOn}]*`, 'gu');
const readJson = new RegExp(`(?:\\\\u[0-9a-fA-F]{4}|[^])[${goesOn}]*`, 'gu');

/** Whether a text has characters that go on with the one before them, in any number. */
export const hidesLetters = (text: string): boolean => hidden.test(text);

/** The last place of a text behind which so many characters are read; nought or less where there are not so many. */
export function placeBefore(text: string, chars: number, isJson: boolean): number {
  if (!hidesLetters(text) && !(isJson && text.includes('\\u'))) return text.length - chars;
  const places = Array.from(text.matchAll(isJson ? readJson : read), ({ index }) => index);
  return places[places.length - chars] ?? 0;
}
