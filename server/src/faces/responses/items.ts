/** Items of a Responses conversation as the house's messages: neighbouring items of the assistant are one message. */
import type { Extension, Native } from '../../domain/chat.ts';
import { resultItemField, unsaidOfCall } from '../../providers/responses/items.ts';
import { isRecord, list, member, text, type Json } from '../../providers/shape.ts';
import { carried, isCarried } from '../openai/carry.ts';
import { customArguments, wireId } from './tools.ts';

export interface Told {
  messages: Json[];
  /** Kinds of item that the house has no word for. */
  lost: Set<string>;
}

const isUsual = (value: unknown): boolean => value === undefined || value === null || value === 'auto';

/** A part with the one that it was beside it, where that says more. */
function partWith(part: Json, from: Json, plainKeys: readonly string[]): Json {
  const lost = Object.keys(from).filter((key) => !plainKeys.includes(key) && !isUsual(from[key]));
  return lost.length === 0 ? part : { ...part, patchbay: { wire: wireId, native: from, lost } satisfies Native };
}

/** A part that the house has no word for: a provider of this wire gets it back, and others hear of it by its name. */
function onlyHere(part: Json, name: string, told: Told): Json {
  told.lost.add(`input.${name}`);
  return { type: name, patchbay: { wire: wireId, native: part, lost: [], isOnly: true } satisfies Native };
}

function partOf(part: unknown, told: Told): Json | null {
  if (typeof part === 'string') return { type: 'text', text: part };
  if (!isRecord(part)) return null;
  const type = text(part['type']) || 'content';
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return partWith({ type: 'text', text: text(part['text']) ?? '' }, part, ['type', 'text', 'annotations', 'logprobs']);
    case 'refusal':
      return { type: 'refusal', refusal: text(part['refusal']) ?? '' };
    case 'input_image': {
      const url = text(part['image_url']);
      const detail = text(part['detail']);
      const image = { url, ...(detail !== undefined && detail !== 'auto' && { detail }) };
      if (url !== undefined) return partWith({ type: 'image_url', image_url: image }, part, ['type', 'image_url', 'detail']);
      break;
    }
    case 'input_file':
      return filePart(part, told);
    case 'input_audio':
      return part;
    default:
  }
  return onlyHere(part, type, told);
}

function filePart(part: Json, told: Told): Json {
  const file: Json = {};
  for (const key of ['filename', 'file_data', 'file_id']) if (text(part[key]) !== undefined) file[key] = part[key];
  if (file['file_data'] !== undefined || file['file_id'] !== undefined)
    return partWith({ type: 'file', file }, part, ['type', 'filename', 'file_data', 'file_id']);
  return onlyHere(part, 'file_url', told);
}

function contentOf(content: unknown, told: Told): string | Json[] {
  if (typeof content === 'string') return content;
  return list(content)
    .map((part) => partOf(part, told))
    .filter((part) => part !== null);
}

const summaryOf = (item: Json): string =>
  [...list(item['summary']), ...list(item['content'])]
    .map((part) => text(member(part, 'text')) ?? '')
    .filter((piece) => piece !== '')
    .join('\n\n');

/** What the assistant did between two words of others. */
interface Group {
  items: Json[];
  said: string[];
  refusals: string[];
  thoughts: string[];
  calls: Json[];
  foreign: Extension | null;
  /** One of the items says more than the message will. */
  hasMore: boolean;
}

const newGroup = (): Group => ({ items: [], said: [], refusals: [], thoughts: [], calls: [], foreign: null, hasMore: false });

/** Kinds of what an assistant says. */
const saidTypes: ReadonlySet<unknown> = new Set(['output_text', 'input_text', 'text', 'refusal', undefined]);

function addMessage(group: Group, item: Json, told: Told): void {
  const content = item['content'];
  for (const part of typeof content === 'string' ? [content] : list(content)) {
    const type = member(part, 'type');
    if (!saidTypes.has(type)) {
      told.lost.add(`input.${text(type) ?? 'content'}`);
      group.hasMore = true;
      continue;
    }
    const refusal = member(part, 'type') === 'refusal' ? text(member(part, 'refusal')) : undefined;
    if (refusal !== undefined) group.refusals.push(refusal);
    else group.said.push(text(part) ?? text(member(part, 'text')) ?? '');
  }
  // Which part of an answer it is: models that say so want to see it again.
  group.hasMore ||= Boolean(text(item['phase']));
  // Without its type an item is a message all the same, and is kept as one.
  group.items.push({ ...item, type: 'message' });
}

function addReasoning(group: Group, item: Json): void {
  const thought = summaryOf(item);
  if (thought !== '') group.thoughts.push(thought);
  const kept = item['encrypted_content'];
  if (isCarried(kept)) {
    group.foreign ??= carried(kept);
    return;
  }
  group.hasMore = true;
  group.items.push(item);
}

function addCall(group: Group, item: Json, told: Told): void {
  const isCustom = item['type'] === 'custom_tool_call';
  const args = isCustom ? customArguments(text(item['input']) ?? '') : (text(item['arguments']) ?? '{}');
  group.calls.push({ id: text(item['call_id']) ?? '', type: 'function', function: { name: text(item['name']) ?? '', arguments: args } });
  const unsaid = unsaidOfCall(item);
  for (const key of unsaid) told.lost.add(`input.${String(item['type'])}.${key}`);
  group.hasMore ||= isCustom || unsaid.length > 0;
  group.items.push(item);
}

function messageOf(group: Group): Json {
  const extension = group.foreign ?? (group.hasMore ? { items: group.items } : null);
  const said = group.said.join('');
  return {
    role: 'assistant',
    content: said === '' && (group.calls.length > 0 || group.refusals.length > 0) ? null : said,
    ...(group.refusals.length > 0 && { refusal: group.refusals.join('\n') }),
    ...(group.thoughts.length > 0 && { reasoning_content: group.thoughts.join('\n\n') }),
    ...(group.calls.length > 0 && { tool_calls: group.calls }),
    ...(extension && { patchbay: extension }),
  };
}

/** TRUE for an item that the assistant made; it is part of the group then. */
function addToGroup(group: Group, item: Json, told: Told): boolean {
  const type = text(item['type']) ?? (item['role'] === undefined ? '' : 'message');
  if (type === 'message' && item['role'] === 'assistant') addMessage(group, item, told);
  else if (type === 'reasoning') addReasoning(group, item);
  else if (type === 'function_call' || type === 'custom_tool_call') addCall(group, item, told);
  else if (type !== 'message' && type !== 'function_call_output' && type !== 'custom_tool_call_output') {
    // A tool that ran at the provider, or an item that is newer than this table: only that provider can be shown it again.
    group.hasMore = true;
    group.items.push(item);
    told.lost.add(`input.${type === '' ? 'item' : type}`);
  } else return false;
  return true;
}

function resultOf(item: Json, told: Told): Json {
  const message = { role: 'tool', tool_call_id: text(item['call_id']) ?? '', content: contentOf(item['output'], told) };
  const lost = unsaidOfCall(item);
  if (lost.length === 0) return message;
  const own = Object.fromEntries(lost.map((key) => [key, item[key]]));
  return { ...message, patchbay: { wire: wireId, native: { [resultItemField]: own }, lost } satisfies Native };
}

/** Of anybody but the assistant. A role that this wire does not know stays unknown. */
function messageBy(item: Json, told: Told): Json {
  const role = item['role'] ?? 'user';
  const content = contentOf(item['content'], told);
  if (role === 'user' || role === 'system' || role === 'developer') return { role, content };
  return { role: 'user', content, patchbay: { wire: wireId, native: item, lost: [], isOnly: true } satisfies Native };
}

const isReadable = (input: unknown): boolean => typeof (input ?? '') === 'string' || (Array.isArray(input) && input.every(isRecord));

/** `instructions` and `input` of a request, in the house's words. */
export function messagesOf(instructions: unknown, input: unknown): Told {
  const told: Told = { messages: [], lost: new Set() };
  let group: Group | null = null;
  const flush = (): void => {
    if (group) told.messages.push(messageOf(group));
    group = null;
  };
  if (typeof (instructions ?? '') !== 'string') told.lost.add('instructions');
  if (!isReadable(input)) told.lost.add('input');
  if (text(instructions)) told.messages.push({ role: 'system', content: instructions });
  if (typeof input === 'string') told.messages.push({ role: 'user', content: input });
  for (const item of list(input)) {
    if (!isRecord(item)) continue;
    const current: Group = group ?? newGroup();
    if (addToGroup(current, item, told)) {
      group = current;
      continue;
    }
    flush();
    const type = text(item['type']) ?? 'message';
    told.messages.push(type === 'message' ? messageBy(item, told) : resultOf(item, told));
  }
  flush();
  return told;
}
