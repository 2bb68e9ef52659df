/** Turns of the Messages wire as the house's messages: calls, results, and thoughts that go back to whoever had them. */
import type { Extension } from '../../domain/chat.ts';
import { isPlain } from '../../providers/anthropic/wire.ts';
import { isRecord, list, member, text, type Json } from '../../providers/shape.ts';
import { carried, isCarried } from '../openai/carry.ts';
import { contentOf, nativeOf } from './parts.ts';

const callOf = (block: Json): Json => ({
  id: text(block['id']) ?? '',
  type: 'function',
  function: { name: text(block['name']) ?? '', arguments: JSON.stringify(isRecord(block['input']) ? block['input'] : {}) },
});

/** What of a turn belongs to another provider: its own blocks, as it gave them. */
function foreignOf(blocks: readonly Json[]): Extension | null {
  for (const block of blocks) {
    const found = carried(block['type'] === 'redacted_thinking' ? block['data'] : block['signature']);
    if (found) return found;
  }
  return null;
}

/** TRUE for a block that this house made up for its client: no provider of this wire may see it. */
const isOurs = (block: Json): boolean =>
  (block['type'] === 'redacted_thinking' && isCarried(block['data'])) || (block['type'] === 'thinking' && isCarried(block['signature']));

/** A text without the sources that this house told its client. */
function withoutOurs(block: Json): Json {
  const { citations, ...rest } = block;
  const kept = list(citations).filter((citation) => !isCarried(member(citation, 'encrypted_index')));
  return kept.length === list(citations).length ? block : { ...rest, ...(kept.length > 0 && { citations: kept }) };
}

function assistantMessage(content: unknown): Json {
  if (typeof content === 'string' || isRecord(content)) return { role: 'assistant', content };
  const all = list(content).filter(isRecord).map(withoutOurs);
  const blocks = all.filter((block) => !isOurs(block));
  const said = blocks.filter((block) => block['type'] === 'text').map((block) => text(block['text']) ?? '');
  const thought = all.filter((block) => block['type'] === 'thinking').map((block) => text(block['thinking']) ?? '');
  const calls = blocks.filter((block) => block['type'] === 'tool_use').map(callOf);
  const extension = foreignOf(all) ?? (blocks.every(isPlain) ? null : { blocks });
  return {
    role: 'assistant',
    content: said.length > 0 ? said.join('') : calls.length > 0 ? null : '',
    ...(thought.join('') !== '' && { reasoning_content: thought.join('') }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(extension && { patchbay: extension }),
  };
}

/** Content that is neither a text nor blocks stays as it came: whoever cannot read it says so. */
const saidOf = (content: unknown): unknown => (isRecord(content) ? content : contentOf(content ?? ''));

function resultMessage(block: Json): Json {
  const { type: _type, tool_use_id: id, content, is_error: isError, ...rest } = block;
  const lost = Object.keys(rest).filter((key) => rest[key] !== null && rest[key] !== undefined);
  return {
    role: 'tool',
    tool_call_id: text(id) ?? '',
    content: saidOf(content),
    ...(isError === true && { is_error: true }),
    ...(lost.length > 0 && { patchbay: nativeOf(rest, lost) }),
  };
}

/** Results come before whatever else the user says, as both wires have it. */
function userMessages(content: unknown): Json[] {
  if (typeof content === 'string' || isRecord(content)) return [{ role: 'user', content }];
  const blocks = list(content);
  const results = blocks.filter((block): block is Json => isRecord(block) && block['type'] === 'tool_result').map(resultMessage);
  const rest = contentOf(blocks.filter((block) => !isRecord(block) || block['type'] !== 'tool_result'));
  return rest.length > 0 || results.length === 0 ? [...results, { role: 'user', content: rest }] : results;
}

/** `system` and `messages` of a request, in the house's words. */
export function messagesOf(system: unknown, turns: unknown): Json[] {
  const messages: Json[] = [];
  const instructions = system === undefined || system === null ? '' : contentOf(system);
  if (instructions.length > 0) messages.push({ role: 'system', content: instructions });
  for (const turn of list(turns)) {
    if (!isRecord(turn)) continue;
    const { role = 'user', content } = turn;
    if (role === 'assistant') messages.push(assistantMessage(content));
    else if (role === 'system') messages.push({ role, content: saidOf(content) });
    else if (role === 'user' || role === null) messages.push(...userMessages(content));
    else messages.push({ role: 'user', content: saidOf(content), patchbay: nativeOf(turn, [], true) });
  }
  return messages;
}
