/** The house's chunks as the event stream of the Messages wire: blocks one after the other, each begun and ended. */
import type { ChatChunk, ChatDelta, ChatUsage, Extension } from '../../domain/chat.ts';
import { namedEvent, type AnswerWriter } from '../../providers/writer.ts';
import { isRecord, parseJson, type Json } from '../../providers/shape.ts';
import { carry, carriedLead } from '../openai/carry.ts';
import { charsPerToken, citationsOf, endingOf, ownBlocks, usageOf } from './answer.ts';

type Said = 'text' | 'refusal' | 'thinking';
type Open = { kind: Said } | { kind: 'call'; call: number; json: string };

/** A call that cannot be told yet. */
interface Waiting {
  id: string;
  name: string;
  json: string;
}

interface Writing {
  hasStarted: boolean;
  open: Open | null;
  /** Blocks so far, and the number of the next one. */
  blocks: number;
  /** Calls that were begun before an earlier one had ended, or without a name: this wire tells one block at a time. */
  waiting: Map<number, Waiting>;
  /** Calls whose blocks have ended: nothing can be added to them. */
  ended: Set<number>;
  /** Words that came in the middle of a call; they must not tear it in two. */
  late: { kind: Said; said: string }[];
  /** Sources that came where no text was open. */
  sources: Json[];
  hasCalls: boolean;
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
  if (writing.open.kind === 'call') writing.ended.add(writing.open.call);
  writing.open = null;
  return signature + event({ type: 'content_block_stop', index });
}

function begin(writing: Writing, open: Open, block: Json): string {
  const closed = close(writing);
  writing.open = open;
  return closed + event({ type: 'content_block_start', index: writing.blocks++, content_block: block });
}

function tell(writing: Writing, kind: Said, piece: string): string {
  const begun =
    writing.open?.kind === kind
      ? ''
      : begin(writing, { kind }, kind === 'thinking' ? { type: 'thinking', thinking: '', signature: '' } : { type: 'text', text: '' });
  const delta = kind === 'thinking' ? { type: 'thinking_delta', thinking: piece } : { type: 'text_delta', text: piece };
  return begun + event({ type: 'content_block_delta', index: writing.blocks - 1, delta });
}

/** Words wait while a call is open whose input is not whole; whether it is, is looked at once. */
function say(writing: Writing, kind: Said, piece: string): string {
  if (piece === '') return '';
  writing.chars += piece.length;
  const { open, late } = writing;
  if (open?.kind !== 'call' || (late.length === 0 && isRecord(parseJson(open.json)))) return tell(writing, kind, piece);
  const last = late.at(-1);
  if (last?.kind === kind) last.said += piece;
  else late.push({ kind, said: piece });
  return '';
}

/** Sources stand in the text that they are about, and wait for one where none is open. */
function tellSources(writing: Writing): string {
  if (writing.open?.kind !== 'text') return '';
  const index = writing.blocks - 1;
  const told = writing.sources.splice(0);
  return told.map((citation) => event({ type: 'content_block_delta', index, delta: { type: 'citations_delta', citation } })).join('');
}

const jsonDelta = (writing: Writing, piece: string): string =>
  piece === ''
    ? ''
    : event({ type: 'content_block_delta', index: writing.blocks - 1, delta: { type: 'input_json_delta', partial_json: piece } });

function beginCall(writing: Writing, call: number, { id, name, json }: Waiting): string {
  const block = { type: 'tool_use', id: id === '' ? `call_${call}` : id, name, input: {} };
  return begin(writing, { kind: 'call', call, json }, block) + jsonDelta(writing, json);
}

function callPiece(writing: Writing, delta: NonNullable<ChatDelta['tool_calls']>[number]): string {
  const { index: call, id = '' } = delta;
  const name = delta.function?.name ?? '';
  const json = delta.function?.arguments ?? '';
  const { open, waiting, ended } = writing;
  writing.chars += name.length + json.length;
  writing.hasCalls = true;
  if (open?.kind === 'call' && open.call === call) {
    open.json += json;
    return jsonDelta(writing, json);
  }
  if (ended.has(call)) return '';
  if (open?.kind !== 'call' && waiting.size === 0 && name !== '') return beginCall(writing, call, { id, name, json });
  // That an earlier call has ended is known only at the end.
  const known = waiting.get(call) ?? { id: '', name: '', json: '' };
  waiting.set(call, { id: known.id === '' ? id : known.id, name: known.name + name, json: known.json + json });
  return '';
}

function deltaOf(writing: Writing, delta: ChatDelta): string {
  if (delta.patchbay) writing.extension = { ...writing.extension, ...delta.patchbay };
  let said = say(writing, 'thinking', delta.reasoning_content ?? '');
  said += say(writing, 'text', delta.content ?? '');
  writing.sources.push(...citationsOf(delta));
  said += tellSources(writing);
  said += say(writing, 'refusal', delta.refusal ?? '');
  for (const call of delta.tool_calls ?? []) said += callPiece(writing, call);
  return said;
}

/** What can only be told now: calls that waited, words that came in their middle, and what a provider wants back one day. */
function rest(writing: Writing): string {
  let said = '';
  for (const [call, waiting] of [...writing.waiting].toSorted(([a], [b]) => a - b)) said += beginCall(writing, call, waiting);
  for (const { kind, said: words } of writing.late) said += tell(writing, kind, words) + tellSources(writing);
  if (writing.sources.length > 0) said += begin(writing, { kind: 'text' }, { type: 'text', text: '' }) + tellSources(writing);
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
    ended: new Set(),
    late: [],
    sources: [],
    hasCalls: false,
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
      const delta = { ...endingOf(writing.finish, writing.extension, writing.hasCalls), container: null };
      return start(writing, tokensIn) + rest(writing) + event({ type: 'message_delta', delta, usage }) + event({ type: 'message_stop' });
    },
    pass(passed) {
      isPassing = true;
      return namedEvent(passed.event, passed.data);
    },
  };
}
