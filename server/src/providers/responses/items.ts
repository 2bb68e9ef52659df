/** The house's messages as items of OpenAI's Responses: what was said, calls, results, and items that came from there before. */
import type { Change } from '../../domain/ledger.ts';
import { imageUrlOf, resultIdOf } from '../content.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, list, member, text, type Json } from '../shape.ts';
import { cacheMark, reporterInto, reportUnreadMessage } from '../unread-fields.ts';

/** An item of a conversation: `type` tells what it is; a message may leave it out. */
export type Item = Json;

interface Context {
  report: (change: Change) => void;
  to: Destination;
  /** Calls of the history that came from a free-form tool: their results have an item of their own. */
  custom: Set<string>;
}

function filePart(part: Json, context: Context): Json | null {
  const file = part['file'];
  const [data, id, name] = ['file_data', 'file_id', 'filename'].map((key) => text(member(file, key)));
  if (data !== undefined) return { type: 'input_file', filename: name ?? 'file', file_data: data };
  if (id !== undefined) return { type: 'input_file', file_id: id };
  context.report({ parameter: 'messages.file', what: 'dropped' });
  return null;
}

function partOf(part: unknown, context: Context): Json | null {
  if (typeof part === 'string') return { type: 'input_text', text: part };
  if (!isRecord(part)) return null;
  if (part['cache_control'] !== undefined) context.report({ parameter: 'messages.cache_control', what: 'dropped' });
  const mark = part[cacheMark];
  const marked = (told: Json): Json => (mark === undefined || mark === null ? told : { ...told, [cacheMark]: mark });
  switch (part['type']) {
    case 'text':
    case 'refusal':
      return marked({ type: 'input_text', text: text(part[part['type']]) ?? '' });
    case 'image_url': {
      const url = imageUrlOf(part);
      const detail = text(member(part['image_url'], 'detail')) ?? 'auto';
      if (url !== undefined) return marked({ type: 'input_image', image_url: url, detail });
      break;
    }
    case 'file': {
      const told = filePart(part, context);
      return told && marked(told);
    }
    // Said by a caller who knows this wire.
    case 'input_text':
    case 'input_image':
    case 'input_file':
      return part;
    default:
      break;
  }
  context.report({ parameter: `messages.${text(part['type']) ?? 'content'}`, what: 'dropped' });
  return null;
}

function contentOf(content: unknown, context: Context): string | Json[] {
  if (typeof content === 'string') return content;
  const parts: Json[] = [];
  for (const raw of list(content)) {
    const part = partOf(raw, context);
    if (part !== null) parts.push(part);
  }
  return parts;
}

/** What an assistant said, in its order: texts that stand side by side as one, and each refusal by itself. */
function saidParts(content: unknown, refusal?: unknown): Json[] {
  const parts: Json[] = [];
  const add = (part: unknown): void => {
    const [said, refused] = [text(part) ?? text(member(part, 'text')) ?? '', text(member(part, 'refusal')) ?? ''];
    const last = parts.at(-1);
    if (said !== '' && last?.['type'] === 'output_text') last['text'] = `${String(last['text'])}${said}`;
    else if (said !== '') parts.push({ type: 'output_text', text: said });
    else if (refused !== '') parts.push({ type: 'refusal', refusal: refused });
  };
  for (const part of typeof content === 'string' ? [content] : list(content)) add(part);
  add({ refusal });
  return parts;
}

const wordsOf = (parts: readonly Json[], key: 'text' | 'refusal'): string => parts.map((part) => text(part[key]) ?? '').join('');
/** All words, those of refusals last, as a message has them. */
const saidIn = (parts: readonly Json[]): string => wordsOf(parts, 'text') + wordsOf(parts, 'refusal');

const isCall = (item: Item): boolean => item['type'] === 'function_call' || item['type'] === 'custom_tool_call';
const saidByItems = (items: readonly Item[]): string =>
  saidIn(items.filter((item) => item['type'] === 'message').flatMap((item) => saidParts(item['content'])));
const calledByItems = (items: readonly Item[]): string =>
  items
    .filter(isCall)
    .map((item) => text(item['call_id']) ?? '')
    .join(' ');

/** A thought is of use only with its encrypted content: nothing is stored at the provider, so its id alone leads nowhere. */
const isUsable = (item: Item): boolean => item['type'] !== 'reasoning' || text(item['encrypted_content']) !== undefined;

const callMembers: ReadonlySet<string> = new Set(['type', 'id', 'call_id', 'name', 'arguments', 'input', 'status']);
const resultMembers: ReadonlySet<string> = new Set(['type', 'id', 'call_id', 'output', 'status']);

/** Members of a call, or of its result, that other wires have no words for: from where it was called, and in whose name. */
export function unsaidOfCall(item: Item): string[] {
  const said = item['output'] === undefined ? callMembers : resultMembers;
  return Object.keys(item).filter((key) => {
    const value = item[key];
    const isUsual = value === null || value === undefined || value === false || (key === 'caller' && member(value, 'type') === 'direct');
    return !said.has(key) && !isUsual;
  });
}

function callItems(message: Json, context: Context): Item[] {
  const items: Item[] = [];
  for (const call of list(message['tool_calls'])) {
    const fn = member(call, 'function');
    const custom = member(call, 'custom');
    const callId = text(member(call, 'id')) ?? '';
    if (isRecord(fn)) {
      const args = fn['arguments'];
      items.push({
        type: 'function_call',
        call_id: callId,
        name: text(fn['name']) ?? '',
        arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}),
      });
    } else if (isRecord(custom)) {
      context.custom.add(callId);
      items.push({ type: 'custom_tool_call', call_id: callId, name: text(custom['name']) ?? '', input: text(custom['input']) ?? '' });
    } else context.report({ parameter: 'messages.tool_calls', what: 'dropped' });
  }
  const legacy = message['function_call'];
  if (isRecord(legacy)) {
    const name = text(legacy['name']) ?? '';
    items.push({ type: 'function_call', call_id: name, name, arguments: text(legacy['arguments']) ?? '{}' });
  }
  return items;
}

/** Kinds of parts whose words are said; what an assistant showed besides has no place in this wire. */
const saidTypes: ReadonlySet<unknown> = new Set(['text', 'refusal', 'input_text', 'output_text']);

function reportShown(content: unknown, context: Context): void {
  for (const part of list(content).filter(isRecord)) {
    if (part['cache_control'] !== undefined) context.report({ parameter: 'messages.cache_control', what: 'dropped' });
    const type = text(part['type']);
    // Some servers' parts have words and no kind.
    if (!saidTypes.has(type) && text(part['text']) === undefined)
      context.report({ parameter: `messages.${type ?? 'content'}`, what: 'dropped' });
  }
}

/** Items that this wire gave before, as long as the message still says the same; an edited message is told anew, without them. */
function assistantItems(message: Json, context: Context): Item[] {
  const parts = saidParts(message['content'], message['refusal']);
  const said = saidIn(parts);
  // A text alone needs no parts, which not every server reads.
  const content = parts.some((part) => part['type'] === 'refusal') ? parts : said;
  reportShown(message['content'], context);
  const plain: Item[] = [...(said === '' ? [] : [{ role: 'assistant', content }]), ...callItems(message, context)];
  const kept = list(member(message['patchbay'], 'items')).filter(isRecord);
  if (kept.length === 0) {
    const isLost = text(message['reasoning_content']) || list(member(message['patchbay'], 'blocks')).length > 0;
    if (isLost) context.report({ parameter: 'messages.reasoning_content', what: 'dropped' });
    return plain;
  }
  const isUnchanged = saidByItems(kept) === said && calledByItems(kept) === calledByItems(plain);
  if (!isUnchanged) {
    context.report({ parameter: 'messages.patchbay.items', what: 'dropped' });
    return plain;
  }
  const usable = kept.filter(isUsable);
  if (usable.length < kept.length) context.report({ parameter: 'messages.reasoning_content', what: 'dropped' });
  for (const item of usable) if (item['type'] === 'custom_tool_call') context.custom.add(text(item['call_id']) ?? '');
  return usable;
}

function resultItem(message: Json, context: Context): Item {
  const id = resultIdOf(message);
  const type = context.custom.has(id) ? 'custom_tool_call_output' : 'function_call_output';
  const own = message[resultItemField];
  return { type, call_id: id, output: contentOf(message['content'], context), ...(isRecord(own) && own) };
}

/** Where a result's own members stand in a message that came by this wire. */
export const resultItemField = 'result_item';

/** Messages as items, in order. */
export function itemsOf(messages: unknown, to: Destination, changed: Change[]): Item[] {
  const context: Context = { report: reporterInto(changed), to, custom: new Set() };
  const items: Item[] = [];
  for (const message of list(messages)) {
    if (!isRecord(message)) continue;
    const { [resultItemField]: _own, ...plain } = message;
    const role = message['role'];
    reportUnreadMessage(plain, context.report, role !== 'assistant');
    if (message['cache_control'] !== undefined) context.report({ parameter: 'messages.cache_control', what: 'dropped' });
    if (role === 'assistant') items.push(...assistantItems(message, context));
    else if (role === 'tool' || role === 'function') items.push(resultItem(message, context));
    else {
      const isForeign = role === 'developer' && to.row.developerRole === 'system';
      if (isForeign) context.report({ parameter: 'messages.role', what: 'renamed', to: 'system' });
      const named = isForeign ? 'system' : role === 'system' || role === 'developer' ? role : 'user';
      items.push({ role: named, content: contentOf(message['content'], context) });
    }
  }
  return items;
}
