/** Rule about what the pages remember: one key is one question, so that two parts of a page never lay different shapes under the same key. */
import { type Fault, type Source, closeOf, faultAt } from './source.ts';

/** A word as it is written, or null for what is only known when the page runs. */
type Word = string | null;
type Words = ReadonlyMap<string, Word>;

/** A key that has a name: an array, or a function that makes one. */
interface Named {
  source: Source;
  parameters: readonly string[];
  /** Where its bracket opens. */
  open: number;
}
/** By path and name. */
type Names = ReadonlyMap<string, Named>;

/** Keys are made of keys; more steps than these are a circle. */
const stepsMax = 5;
const callCharsMax = 80;

const named = /\bconst\s+(\w+)\s*=\s*(?:\(([^)]*)\)\s*=>\s*)?\[/g;
const asked = /\b(?:queryOptions|infiniteQueryOptions|use(?:Suspense)?(?:Infinite)?Query)\(\{\s*queryKey:\s*/g;

/** The parts between the brackets that open at `open`, as they are written. */
function partsAt({ code, text }: Source, open: number): string[] {
  const end = closeOf(code, open) - 1;
  const parts: string[] = [];
  let start = open + 1;
  for (let at = start; at <= end; at += 1) {
    if (at === end || code[at] === ',') {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    } else if ('([{'.includes(code[at] ?? '')) at = closeOf(code, at) - 1;
  }
  return parts.filter((part) => part !== '');
}

function namesIn(sources: readonly Source[]): Names {
  const found = sources.flatMap((source) =>
    [...source.code.matchAll(named)].map(({ index, 0: all, 1: name, 2: list = '' }): [string, Named] => {
      const parameters = list.split(',').map((parameter) => parameter.trim().split(/[?:\s]/)[0] ?? '');
      return [`${source.path} ${name}`, { source, parameters, open: index + all.length - 1 }];
    }),
  );
  return new Map(found);
}

/** A name stands for what its own file says, else for what the file says that it is imported from. */
function find(names: Names, name: string, { path, text }: Source): Named | undefined {
  const own = names.get(`${path} ${name}`);
  if (own) return own;
  const file = new RegExp(`import\\s*\\{[^}]*\\b${name}\\b[^}]*\\}\\s*from\\s*'[^']*/([^/']+)'`).exec(text)?.[1];
  return file === undefined ? undefined : [...names].find(([place]) => place.endsWith(`/${file} ${name}`))?.[1];
}

const wordOf = (part: string, given: Words): Word => /^'([^']*)'$/.exec(part)?.[1] ?? given.get(part) ?? null;

/** The key that is written at `at`, as an array or by its name; undefined for what cannot be read. */
function keyAt(names: Names, source: Source, at: number, given: Words, steps: number): readonly Word[] | undefined {
  if (source.code[at] !== '[') {
    const called = /^(\w+)(\()?/.exec(source.code.slice(at, at + callCharsMax));
    const found = called && find(names, called[1]!, source);
    if (!found || steps === stepsMax) return undefined;
    const values = called[2] === undefined ? [] : partsAt(source, at + called[1]!.length);
    const words = new Map(found.parameters.map((name, place) => [name, wordOf(values[place] ?? '', given)]));
    return keyAt(names, found.source, found.open, words, steps + 1);
  }
  const key: Word[] = [];
  let from = at;
  for (const part of partsAt(source, at)) {
    from = source.text.indexOf(part, from);
    const words = part.startsWith('...') ? keyAt(names, source, from + '...'.length, given, steps) : [wordOf(part, given)];
    if (words === undefined) return undefined;
    key.push(...words);
    from += part.length;
  }
  return key;
}

const canMeet = (one: readonly Word[], other: readonly Word[]): boolean =>
  one.length === other.length && one.every((word, place) => word === null || other[place] === null || word === other[place]);

/** A fault for each question whose key is another one's, or may be when the page runs. */
export function queryKeyFaults(sources: readonly Source[]): Fault[] {
  const pages = sources.filter(({ path }) => path.startsWith('web/src/'));
  const names = namesIn(pages);
  const known: { key: readonly Word[]; place: string }[] = [];
  return pages.flatMap((source) =>
    [...source.code.matchAll(asked)].flatMap(({ index, 0: { length } }) => {
      const key = keyAt(names, source, index + length, new Map(), 0);
      if (key === undefined) return [faultAt(source, index, 'query-key', 'write the key as an array, or by the name of one')];
      const other = known.find((one) => canMeet(one.key, key));
      known.push({ key, place: `${source.path}:${source.lineOf(index)}` });
      if (!other) return [];
      const todo = `${other.place} has this key: spread that query and \`select\` from it, or give this one a word of its own`;
      return [faultAt(source, index, 'query-key', todo)];
    }),
  );
}
