/** Sources that an answer names in the house's language (`annotations`): told where the caller's wire has words for them, else named as lost. */
import type { Change } from '../domain/ledger.ts';
import { finite, list, member, text, type Json } from './shape.ts';
import type { AnswerWriter, CallerWire } from './writer.ts';

/** What is about a part of an answer: `start` and `end` are places in all that it says. */
export interface Place {
  start: number;
  end: number;
}

interface Page {
  url: string;
  title: string;
}

/** No answer names more, and no address is longer: a vendor's few words must not become very many of ours. */
export const sourcesMax = 512;
const pageCharsMax = 8_192;

/** A page that can be looked up; null for what has no address, as passages of the caller's own documents. */
export function pageAt(url: unknown, title: unknown): Page | null {
  const at = text(url) ?? '';
  return /^https?:/i.test(at) && at.length <= pageCharsMax ? { url: at, title: (text(title) ?? '').slice(0, pageCharsMax) } : null;
}

/** The same in the house's words, which are those of OpenAI's chat wire. */
export const annotationOf = ({ url, title }: Page, { start, end }: Place): Json => ({
  type: 'url_citation',
  url_citation: { start_index: start, end_index: end, url, title },
});

/** What one of Claude's citations points at. */
function pageCited(cited: unknown): Page | null {
  const isFound = member(cited, 'type') === 'web_search_result_location';
  return pageAt(member(cited, isFound ? 'url' : 'source'), member(cited, 'title'));
}

/** What one citation of AWS's Converse points at. */
export const pageOfConverse = (cited: unknown): Page | null =>
  pageAt(member(member(member(cited, 'location'), 'web'), 'url'), member(cited, 'title'));

/** The pages that a block in Claude's words names: all of it is about them. */
export function annotationsOfBlock(block: unknown, start: number): Json[] {
  const place = { start, end: start + (text(member(block, 'text')) ?? '').length };
  const pages = list(member(block, 'citations')).slice(0, sourcesMax).map(pageCited);
  return pages.filter((page) => page !== null).map((page) => annotationOf(page, place));
}

/** A source in the words of OpenAI's Responses; null for one that is no page. Its places count from the beginning of its part, at `from`. */
export function annotationOfPart(source: unknown, from: number): Json | null {
  const page = member(source, 'type') === 'url_citation' ? pageAt(member(source, 'url'), member(source, 'title')) : null;
  if (page === null) return null;
  const at = (name: string): number => from + Math.max(0, finite(member(source, name)) ?? 0);
  return annotationOf(page, { start: at('start_index'), end: at('end_index') });
}

/** Whether a vendor's own words, which travel beside the answer, name a source that is no page: other wires have no words for it. */
function keepsOthers(extension: unknown): boolean {
  const cited = list(member(extension, 'blocks')).flatMap((block) => list(member(block, 'citations')));
  const parts = list(member(extension, 'items')).flatMap((item) => list(member(item, 'content')));
  const passages = list(member(extension, 'parts')).flatMap((part) => [
    ...list(member(member(part, 'citationsContent'), 'citations')),
    ...[member(member(part, 'delta'), 'citation') ?? []].flat(),
  ]);
  const retrieved = list(member(member(extension, 'groundingMetadata'), 'groundingChunks'));
  return (
    cited.some((source) => pageCited(source) === null) ||
    passages.some((source) => pageOfConverse(source) === null) ||
    parts.some((part) => list(member(part, 'annotations')).some((source) => annotationOfPart(source, 0) === null)) ||
    retrieved.some((chunk) => member(chunk, 'retrievedContext') !== undefined)
  );
}

/** Looks through messages of an answer, or pieces of them; what is lost is named once. */
export function noteLostSources(said: readonly unknown[], wire: Pick<CallerWire, 'tellsSource'>, changed: Change[]): void {
  const isLost = said.some(
    (message) =>
      list(member(message, 'annotations')).some((source) => wire.tellsSource?.(source) !== true) ||
      keepsOthers(member(message, 'patchbay')),
  );
  if (isLost && !changed.some(({ parameter }) => parameter === lost.parameter)) changed.push(lost);
}

const lost: Change = { parameter: 'annotations', what: 'dropped' };

/** The wire's writer, which names what it has no words for. */
export function notingWriter(wire: CallerWire, changed: Change[]): AnswerWriter {
  const writer = wire.writer();
  return {
    chunk(chunk) {
      noteLostSources(
        chunk.choices.map(({ delta }) => delta),
        wire,
        changed,
      );
      return writer.chunk(chunk);
    },
    end: () => writer.end(),
    pass: (event) => writer.pass(event),
  };
}
