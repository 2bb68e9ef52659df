/** JSON that may be cut anywhere, read as what its texts mean, with the place of every character; and how parts of it are covered. */

export interface Cover {
  start: number;
  end: number;
  mask: string;
}

export interface Decoded {
  /** As it is meant: escapes are read, everything else stands as it came. */
  text: string;
  /** Where each character of `text` begins in what came, and behind the last the end of it; null where both are the same. */
  places: readonly number[] | null;
  /** Whether a place of what came lies within a text. */
  inStringAt: (place: number) => boolean;
  /** How `[start, end)` of what came is covered so that what is left is still JSON. */
  coverings: (start: number, end: number, mask: string) => Cover[];
}

const simple: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '"': '"', '\\': '\\', '/': '/' };

/** The escape at a place: what it means and its length; null where it is cut off or none. */
function escapeAt(raw: string, at: number): [meaning: string, length: number] | null {
  const letter = raw[at + 1];
  if (letter === undefined) return null;
  if (letter !== 'u') return simple[letter] === undefined ? null : [simple[letter], 2];
  const hex = raw.slice(at + 2, at + 6);
  return /^[0-9a-f]{4}$/i.test(hex) ? [String.fromCharCode(Number.parseInt(hex, 16)), 6] : null;
}

/** `begins` says whether the piece begins within a text. */
export function decodeJson(raw: string, begins: boolean): Decoded {
  const places: number[] = [];
  const quotes: number[] = [];
  let text = '';
  let inString = begins;
  for (let at = 0; at < raw.length;) {
    const character = raw[at]!;
    const escape = character === '\\' && inString ? escapeAt(raw, at) : null;
    places.push(at);
    text += escape === null ? character : escape[0];
    if (character === '"') {
      inString = !inString;
      quotes.push(at);
    }
    at += escape === null ? 1 : escape[1];
  }
  places.push(raw.length);
  const inStringAt = (place: number): boolean => begins !== (quotes.filter((quote) => quote < place).length % 2 === 1);
  return { text, places, inStringAt, coverings: (start, end, mask) => covers(raw, { start, end, mask }, quotes, inStringAt(start)) };
}

/** Within a text the mask stands as it is. Elsewhere numbers become a text that says so, and what holds the document together stays. */
function covers(raw: string, { start, end, mask }: Cover, quotes: readonly number[], begins: boolean): Cover[] {
  const within = quotes.filter((quote) => quote >= start && quote < end);
  const found: Cover[] = [];
  let from = start;
  let inString = begins;
  let isSaid = false;
  for (const stop of [...within, end]) {
    if (inString && stop > from) {
      found.push({ start: from, end: stop, mask: isSaid ? '' : mask });
      isSaid = true;
    } else if (!inString) {
      const bare = bareIn(raw, from, stop, isSaid ? '0' : JSON.stringify(mask));
      found.push(...bare);
      isSaid ||= bare.length > 0;
    }
    inString = !inString;
    from = stop + 1;
  }
  return found;
}

const bareIn = (raw: string, from: number, to: number, mask: string): Cover[] =>
  [...raw.slice(from, to).matchAll(/[\w.+-]+/g)].map((match) => ({
    start: from + match.index,
    end: from + match.index + match[0].length,
    mask,
  }));
