/** Content blocks of the Messages wire as parts of the house's messages; the block itself stays beside the part. */
import type { Native } from '../../domain/chat.ts';
import { isRecord, list, member, text, type Json } from '../../providers/shape.ts';

export const wireId = 'messages';

export const nativeOf = (native: unknown, lost: readonly string[], isOnly = false): Native => ({
  wire: wireId,
  native,
  lost,
  ...(isOnly && { isOnly }),
});

/** A part with its block beside it, where the block says more than the part. */
function partWith(part: Json, block: Json, plainKeys: readonly string[]): Json {
  const lost = Object.keys(block).filter((key) => !plainKeys.includes(key) && block[key] !== null && block[key] !== undefined);
  return lost.length === 0 ? part : { ...part, patchbay: nativeOf(block, lost) };
}

/** A block that no other wire has: others go without it, and hear so by its name. */
const onlyHere = (block: Json): Json => ({
  type: text(block['type']) ?? 'unknown',
  patchbay: nativeOf(block, [text(block['type']) ?? 'unknown'], true),
});

const dataUrlOf = (source: Json): string | null => {
  const data = text(source['data']);
  return data === undefined ? null : `data:${text(source['media_type']) ?? 'application/octet-stream'};base64,${data}`;
};

function imagePart(block: Json): Json {
  const source = isRecord(block['source']) ? block['source'] : {};
  const url = source['type'] === 'url' ? text(source['url']) : source['type'] === 'base64' ? dataUrlOf(source) : null;
  return url === null || url === undefined
    ? onlyHere(block)
    : partWith({ type: 'image_url', image_url: { url } }, block, ['type', 'source']);
}

/** Documents of text are text elsewhere; a document's title and context are said before it, so that no reader goes without. */
function documentPart(block: Json): Json {
  const source = isRecord(block['source']) ? block['source'] : {};
  const title = text(block['title']);
  const plainKeys = ['type', 'source', 'title'];
  if (source['type'] === 'base64') {
    const file = { filename: title ?? 'document.pdf', file_data: dataUrlOf(source) };
    return { ...partWith({ type: 'file', file }, block, plainKeys), patchbay: nativeOf(block, lostOf(block, plainKeys)) };
  }
  const said =
    source['type'] === 'text'
      ? text(source['data'])
      : source['type'] === 'content'
        ? typeof source['content'] === 'string'
          ? source['content']
          : list(source['content'])
              .map((part) => text(member(part, 'text')) ?? '')
              .join('\n')
        : undefined;
  if (said === undefined) return onlyHere(block);
  const lines = [title, text(block['context']), said].filter((line) => line !== undefined && line !== '');
  // Of a document in parts the texts are told; a picture among them has no place in a text.
  const pictures = list(source['content']).flatMap((part) =>
    member(part, 'type') === 'text' ? [] : [`document.${text(member(part, 'type')) ?? 'content'}`],
  );
  const lost = [...lostOf(block, [...plainKeys, 'context']), ...new Set(pictures)];
  return { type: 'text', text: lines.join('\n'), patchbay: nativeOf(block, lost) };
}

const lostOf = (block: Json, plainKeys: readonly string[]): string[] =>
  Object.keys(block).filter((key) => !plainKeys.includes(key) && block[key] !== null && block[key] !== undefined);

function searchResultPart(block: Json): Json {
  const said = list(block['content'])
    .map((part) => text(member(part, 'text')) ?? '')
    .join('\n');
  const lines = [text(block['title']), text(block['source']), said].filter((line) => line !== undefined && line !== '');
  return { type: 'text', text: lines.join('\n'), patchbay: nativeOf(block, lostOf(block, ['type', 'title', 'source', 'content'])) };
}

/** One block of a user, of instructions or of a tool's result. */
export function partOf(block: unknown): Json | null {
  if (typeof block === 'string') return { type: 'text', text: block };
  if (!isRecord(block)) return null;
  switch (block['type']) {
    case 'text':
      return partWith({ type: 'text', text: text(block['text']) ?? '' }, block, ['type', 'text']);
    case 'image':
      return imagePart(block);
    case 'document':
      return documentPart(block);
    case 'search_result':
      return searchResultPart(block);
    default:
      return onlyHere(block);
  }
}

/** Content as the house has it: one text stays one text. */
export function contentOf(content: unknown): string | Json[] {
  if (typeof content === 'string') return content;
  return list(content)
    .map(partOf)
    .filter((part) => part !== null);
}
