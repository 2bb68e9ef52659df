/** The house's messages as Anthropic's turns: text, images, documents, tool calls and results, and blocks that came from there before. */
import type { Change } from '../../domain/ledger.ts';
import { fileDataOf, inlineDataOf, saidCalls } from '../content.ts';
import { isRecord, list, member, text, withBefore, type Json } from '../shape.ts';
import { cacheMark, reportDetail, reportUnreadMessage } from '../unread-fields.ts';
import type { ApiVersion, Block, Turn } from './wire.ts';

export interface Conversation {
  system: Block[];
  turns: Turn[];
}

/** What a translation of messages carries along. */
interface Context {
  version: ApiVersion;
  /** Each loss is reported once, however many messages have it. */
  report(change: Change): void;
}

/** `data:` becomes base64, anything else is fetched by the provider itself. */
function sourceOf(url: string): Json {
  const inline = inlineDataOf(url);
  return inline === null ? { type: 'url', url } : { type: 'base64', media_type: inline.mimeType, data: inline.base64 };
}

/** Types of text besides `text/...`: the provider takes a document of text as such, and none of its other types. */
const textTypes: ReadonlySet<string> = new Set(['application/json', 'application/xml', 'application/javascript', 'application/x-yaml']);

/** The text of a file that is one; null for any other, and for bytes that are no text. */
function textIn({ mimeType, base64 }: { mimeType: string; base64: string }): string | null {
  if (!mimeType.startsWith('text/') && !textTypes.has(mimeType)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    // Bytes of another alphabet: the provider decides about them.
    return null;
  }
}

/** A file as the block that its type has on this wire (platform.claude.com, PDF support and files). */
function dataBlock(data: string, name: string | undefined): Block {
  const named = name === undefined ? {} : { title: name };
  const inline = fileDataOf(data, name ?? '');
  if (inline === null) return { type: 'document', source: sourceOf(data), ...named };
  const source = { type: 'base64', media_type: inline.mimeType, data: inline.base64 };
  if (inline.mimeType.startsWith('image/')) return { type: 'image', source };
  const said = textIn(inline);
  return { type: 'document', source: said === null ? source : { type: 'text', media_type: 'text/plain', data: said }, ...named };
}

/** A cache marker on a part stays on its block. */
const withCache = (block: Block, from: unknown): Block => {
  const marker = member(from, 'cache_control');
  return marker === undefined ? block : { ...block, cache_control: marker };
};

function fileBlock(part: Json, context: Context): Block | null {
  const file = part['file'];
  const id = text(member(file, 'file_id'));
  const data = text(member(file, 'file_data'));
  const title = text(member(file, 'filename'));
  if (data !== undefined) return withCache(dataBlock(data, title), part);
  if (id !== undefined)
    return withCache({ type: 'document', source: { type: 'file', file_id: id }, ...(title !== undefined && { title }) }, part);
  context.report({ parameter: 'messages.file', what: 'dropped' });
  return null;
}

function textBlock(part: Json, side: Turn['role'], context: Context): Block | null {
  const said = text(part['text']) ?? '';
  // The provider refuses empty text blocks, and nothing is lost with one.
  if (said === '') return null;
  const { citations, [cacheMark]: _mark, ...rest } = part;
  if (citations === undefined || (side === 'user' && context.version !== '2023-06-01')) {
    if (list(citations).length > 0) context.report({ parameter: 'messages.citations', what: 'dropped' });
    return { ...rest, type: 'text', text: said };
  }
  return { ...rest, citations, type: 'text', text: said };
}

function partBlock(part: unknown, side: Turn['role'], context: Context): Block | null {
  if (typeof part === 'string') return part === '' ? null : { type: 'text', text: part };
  if (!isRecord(part)) return null;
  switch (part['type']) {
    case 'text':
      return textBlock(part, side, context);
    case 'refusal':
      return text(part['refusal']) ? { type: 'text', text: String(part['refusal']) } : null;
    case 'image_url': {
      const image = part['image_url'];
      const url = text(image) ?? text(member(image, 'url'));
      reportDetail(part, (change) => context.report(change));
      if (url !== undefined) return withCache({ type: 'image', source: sourceOf(url) }, part);
      break;
    }
    case 'file':
      return fileBlock(part, context);
    case 'document':
      if (side === 'user' || context.version === '2023-06-01') return part as Block;
      break;
    case 'input_audio':
    case 'video_url':
      break;
    default:
      // A block of Anthropic's own, said by a caller who knows it.
      if (typeof part['type'] === 'string') return part as Block;
  }
  context.report({ parameter: `messages.${typeof part['type'] === 'string' ? part['type'] : 'content'}`, what: 'dropped' });
  return null;
}

function blocksOf(content: unknown, side: Turn['role'], context: Context): Block[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  const blocks: Block[] = [];
  for (const part of list(content)) {
    const block = partBlock(part, side, context);
    if (block) blocks.push(block);
  }
  return blocks;
}

/** Ids of calls may hold letters, digits, `_` and `-` only; both ends of a pair are changed alike. */
const callId = (id: unknown): string => (text(id) ?? '').replace(/[^a-zA-Z0-9_-]/g, '_') || 'call';

const callBlocks = (message: Json, context: Context): Block[] =>
  saidCalls(message, (change) => context.report(change)).map(({ id, name, input, from }) =>
    withCache({ type: 'tool_use', id: callId(id), name, input }, from),
  );

const isThought = (block: Block): boolean => block.type === 'thinking' || block.type === 'redacted_thinking';
const textOf = (blocks: readonly Block[]): string =>
  blocks
    .filter((block) => block.type === 'text')
    .map((block) => text(block['text']) ?? '')
    .join('');
const idsOf = (blocks: readonly Block[]): string =>
  blocks
    .filter((block) => block.type === 'tool_use')
    .map((block) => text(block['id']) ?? '')
    .join(' ');

/** Blocks that this wire gave before, as long as the message still says the same; of an edited message only the thoughts are kept. */
function assistantBlocks(message: Json, context: Context): Block[] {
  const said = blocksOf(message['content'], 'assistant', context);
  const refused: Block[] = text(message['refusal']) ? [{ type: 'text', text: String(message['refusal']) }] : [];
  const calls = callBlocks(message, context);
  const plain = [...said, ...refused, ...calls];
  const kept = list(member(message['patchbay'], 'blocks')).filter(
    (block): block is Block => isRecord(block) && typeof block['type'] === 'string',
  );
  if (kept.length === 0) {
    // A thought without its signature cannot be shown to the provider again.
    if (text(message['reasoning_content'])) context.report({ parameter: 'messages.reasoning_content', what: 'dropped' });
    return plain;
  }
  // A refusal is told beside the blocks and is none of them.
  if (textOf(kept) === textOf(said) && idsOf(kept) === idsOf(plain)) {
    const told = kept.filter((block) => block.type !== 'text' || text(block['text']) !== '');
    return withBefore(told, (block) => block.type === 'tool_use', refused);
  }
  context.report({ parameter: 'messages.patchbay.blocks', what: 'approximated' });
  return [...kept.filter(isThought), ...plain];
}

function resultBlock(message: Json, context: Context): Block {
  const content = message['content'];
  const parts = typeof content === 'string' ? content : blocksOf(content, 'user', context);
  const id = message['role'] === 'function' ? callId(message['name']) : callId(message['tool_call_id']);
  const isError = message['is_error'] === true ? { is_error: true } : {};
  return withCache({ type: 'tool_result', tool_use_id: id, ...(parts.length > 0 && { content: parts }), ...isError }, message);
}

/** A marker on a whole message belongs to its last block. */
function markLast(blocks: Block[], message: Json): Block[] {
  const last = blocks.at(-1);
  if (!last || message['cache_control'] === undefined || last['cache_control'] !== undefined) return blocks;
  return [...blocks.slice(0, -1), withCache(last, message)];
}

/**
 * Messages as instructions and turns. Neighbours of one side become one turn, because turns must alternate; instructions
 * that stand between turns move to the front, and that is reported.
 */
export function conversationOf(messages: unknown, version: ApiVersion, changed: Change[]): Conversation {
  const reported = new Set<string>();
  const context: Context = {
    version,
    report(change) {
      if (reported.has(change.parameter)) return;
      reported.add(change.parameter);
      changed.push(change);
    },
  };
  const system: Block[] = [];
  const turns: Turn[] = [];
  const add = (role: Turn['role'], blocks: Block[]): void => {
    const last = turns.at(-1);
    if (blocks.length === 0) return;
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: [...blocks] });
  };
  for (const message of list(messages)) {
    if (!isRecord(message)) continue;
    reportUnreadMessage(message, (change) => context.report(change));
    const role = message['role'];
    if (role === 'system' || role === 'developer') {
      if (turns.length > 0) context.report({ parameter: 'messages.system', what: 'approximated', to: 'system' });
      system.push(...markLast(blocksOf(message['content'], 'user', context), message));
    } else if (role === 'assistant') add('assistant', markLast(assistantBlocks(message, context), message));
    else if (role === 'tool' || role === 'function') add('user', [resultBlock(message, context)]);
    else add('user', markLast(blocksOf(message['content'], 'user', context), message));
  }
  return { system, turns };
}
