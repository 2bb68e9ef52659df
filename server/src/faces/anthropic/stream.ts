/** The house's chunks as the event stream of the Messages wire: blocks one after the other, each begun and ended. */
import type { ChatChunk, ChatDelta, ChatUsage, Extension } from '../../domain/chat.ts';
import { namedEvent, type AnswerWriter } from '../../providers/writer.ts';
import type { Json } from '../../providers/shape.ts';
import { carry, carriedLead } from '../openai/carry.ts';
import { charsPerToken, endingOf, ownBlocks, usageOf } from './answer.ts';

type Said = 'text' | 'refusal' | 'thinking';
type Open = { kind: Said } | { kind: 'call'; call: number };

interface Writing {
  hasStarted: boolean;
  open: Open | null;
  /** Blocks so far, and the number of the next one. */
  blocks: number;
  /** Pieces of calls that were begun before an earlier one had ended: this wire tells one block at a time. */
  waiting: Map<number, { id: string; name: string; json: string }>;
  chars: number;
  finish: string | null;
  extension: Extension;
  usage: ChatUsage | null;
  head: Pick<ChatChunk, 'id' | 'model'>;
}

const event = (body: { type: string } & Json): string => namedEvent(body.type, JSON.stringify(body));

function start(writing: Writing, tokensIn: number): string {
  if (writing.hasStarted) return '';
  writing.hasStarted = true;
  const { id, model } = writing.head;
  const usage = usageOf(null, { in: tokensIn, out: 0 });
  const message = { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage };
  return event({ type: 'message_start', message });
}

function close(writing: Writing): string {
  if (!writing.open) return '';
  const index = writing.blocks - 1;
  const signature =
    writing.open.kind === 'thinking'
      ? event({ type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: carriedLead } })
      : '';
  writing.open = null;
  return signature + event({ type: 'content_block_stop', index });
}

function begin(writing: Writing, open: Open, block: Json): string {
  const closed = close(writing);
  writing.open = open;
  return closed + event({ type: 'content_block_start', index: writing.blocks++, content_block: block });
}

function say(writing: Writing, kind: Said, piece: string): string {
  if (piece === '') return '';
  writing.chars += piece.length;
  const begun =
    writing.open?.kind === kind
      ? ''
      : begin(writing, { kind }, kind === 'thinking' ? { type: 'thinking', thinking: '', signature: '' } : { type: 'text', text: '' });
  const delta = kind === 'thinking' ? { type: 'thinking_delta', thinking: piece } : { type: 'text_delta', text: piece };
  return begun + event({ type: 'content_block_delta', index: writing.blocks - 1, delta });
}

const jsonDelta = (writing: Writing, piece: string): string =>
  piece === ''
    ? ''
    : event({ type: 'content_block_delta', index: writing.blocks - 1, delta: { type: 'input_json_delta', partial_json: piece } });

function beginCall(writing: Writing, call: number, id: string, name: string): string {
  return begin(writing, { kind: 'call', call }, { type: 'tool_use', id, name, input: {} });
}

function callPiece(writing: Writing, delta: NonNullable<ChatDelta['tool_calls']>[number]): string {
  const { index: call, id } = delta;
  const name = delta.function?.name ?? '';
  const piece = delta.function?.arguments ?? '';
  writing.chars += name.length + piece.length;
  if (writing.open?.kind === 'call') {
    if (writing.open.call === call) return jsonDelta(writing, piece);
    // Another call while one is open: its pieces wait until that one has ended, which is known only at the end.
    const waiting = writing.waiting.get(call) ?? { id: '', name: '', json: '' };
    waiting.id ||= id ?? '';
    waiting.name ||= name;
    waiting.json += piece;
    writing.waiting.set(call, waiting);
    return '';
  }
  return beginCall(writing, call, id ?? `call_${call}`, name) + jsonDelta(writing, piece);
}

function deltaOf(writing: Writing, delta: ChatDelta): string {
  if (delta.patchbay) writing.extension = { ...writing.extension, ...delta.patchbay };
  let said = say(writing, 'thinking', delta.reasoning_content ?? '');
  said += say(writing, 'text', delta.content ?? '');
  said += say(writing, 'refusal', delta.refusal ?? '');
  for (const call of delta.tool_calls ?? []) said += callPiece(writing, call);
  return said;
}

/** What was said beside the text and can only be told now: calls that waited, and what a provider wants back one day. */
function rest(writing: Writing): string {
  let said = '';
  for (const [call, { id, name, json }] of [...writing.waiting].toSorted(([a], [b]) => a - b))
    said += beginCall(writing, call, id === '' ? `call_${call}` : id, name) + jsonDelta(writing, json);
  said += close(writing);
  const redacted = ownBlocks(writing.extension)?.filter((block) => block['type'] === 'redacted_thinking') ?? [];
  const kept = carry(writing.extension);
  const owed = kept === null ? redacted : [{ type: 'redacted_thinking', data: kept }];
  for (const block of owed) {
    said += event({ type: 'content_block_start', index: writing.blocks, content_block: block });
    said += event({ type: 'content_block_stop', index: writing.blocks++ });
  }
  return said;
}

/** A writer for one answer. `tokensIn` is our own estimate of the prompt, for providers that do not say. */
export function createMessageWriter(tokensIn: number): AnswerWriter {
  const writing: Writing = {
    hasStarted: false,
    open: null,
    blocks: 0,
    waiting: new Map(),
    chars: 0,
    finish: null,
    extension: {},
    usage: null,
    head: { id: '', model: '' },
  };
  let isPassing = false;
  return {
    chunk(chunk) {
      if (!writing.hasStarted) writing.head = { id: chunk.id, model: chunk.model };
      if (chunk.usage) writing.usage = chunk.usage;
      let said = start(writing, tokensIn);
      for (const { index, delta, finish_reason: finish } of chunk.choices) {
        // This wire has one answer: of several choices the first is told.
        if (index !== 0) continue;
        said += deltaOf(writing, delta);
        writing.finish ??= finish;
      }
      return said;
    },
    end() {
      if (isPassing) return '';
      const usage = usageOf(writing.usage, { in: tokensIn, out: Math.ceil(writing.chars / charsPerToken) });
      const delta = { ...endingOf(writing.finish, writing.extension), container: null };
      return start(writing, tokensIn) + rest(writing) + event({ type: 'message_delta', delta, usage }) + event({ type: 'message_stop' });
    },
    pass(passed) {
      isPassing = true;
      return namedEvent(passed.event, passed.data);
    },
  };
}
