/** What an answer of Google's was grounded on, as sources in the house's words. */
import { finite, isRecord, list, member, text, type Json } from '../shape.ts';
import { annotationOf, pageAt, sourcesMax, type Place } from '../sources.ts';
import type { Part } from './wire.ts';

/** Pages, places on a map, and pictures by the page that they stand on. */
function pageOf(chunk: unknown): ReturnType<typeof pageAt> {
  const found = member(chunk, 'web') ?? member(chunk, 'maps') ?? member(chunk, 'image');
  return pageAt(member(found, 'uri') ?? member(found, 'sourceUri'), member(found, 'title'));
}

/** Texts of an answer with the places where they begin, the number of their part beside them. */
function textsOf(parts: readonly Part[]): { said: string; from: number; at: number }[] {
  let from = 0;
  return parts.flatMap((part, at) => {
    const said = part['thought'] === true ? '' : (text(part['text']) ?? '');
    const found = { said, from, at };
    from += said.length;
    return said === '' ? [] : [found];
  });
}

/** In a longer text nothing is looked for: hundreds of segments may have to be. */
const searchedCharsMax = 262_144;

/**
 * Where a segment stands. It is counted in bytes of its part; parts of a stream were put together, so that its own words have to be found
 * there, or else anywhere. One that is nowhere is about everything.
 */
function placeOf(segment: unknown, texts: ReturnType<typeof textsOf>): Place {
  const end = texts.reduce((last, { said, from }) => Math.max(last, from + said.length), 0);
  if (end > searchedCharsMax) return { start: 0, end };
  const words = text(member(segment, 'text')) ?? '';
  const [first, last] = ['startIndex', 'endIndex'].map((name) => finite(member(segment, name)) ?? 0) as [number, number];
  const named = texts.find(({ at }) => at === (finite(member(segment, 'partIndex')) ?? 0));
  if (named && last > first) {
    const bytes = Buffer.from(named.said, 'utf8');
    const [start, length] = [bytes.toString('utf8', 0, first).length, bytes.toString('utf8', first, last).length];
    if (words === '' || named.said.slice(start, start + length) === words)
      return { start: named.from + start, end: named.from + start + length };
  }
  const found = words === '' ? undefined : texts.find(({ said }) => said.includes(words));
  if (found === undefined) return { start: 0, end };
  const start = found.from + found.said.indexOf(words);
  return { start, end: start + words.length };
}

/** The pages that an answer names: each with what it supports, or with all of it where nothing says what. */
export function sourcesOf(parts: readonly Part[], candidate: Json): Json[] {
  const grounding = candidate['groundingMetadata'];
  if (!isRecord(grounding)) return [];
  const pages = list(grounding['groundingChunks']).map(pageOf);
  const texts = textsOf(parts);
  const supports = list(grounding['groundingSupports']).slice(0, sourcesMax);
  const all = supports.length > 0 ? supports : [{ groundingChunkIndices: pages.map((_, at) => at) }];
  const annotations: Json[] = [];
  for (const support of all) {
    const found = list(member(support, 'groundingChunkIndices')).flatMap((at) => (typeof at === 'number' && pages[at]) || []);
    if (found.length === 0 || annotations.length >= sourcesMax) continue;
    const place = placeOf(member(support, 'segment'), texts);
    annotations.push(...found.map((page) => annotationOf(page, place)));
  }
  return annotations.slice(0, sourcesMax);
}
