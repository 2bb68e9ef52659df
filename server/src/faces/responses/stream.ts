/** The house's chunks as the event stream of the Responses wire, each event with its number. */
import type { ChatChunk, ChatDelta, ChatUsage, Extension, FinishReason } from '../../domain/chat.ts';
import { namedEvent } from '../../providers/writer.ts';
import type { Json } from '../../providers/shape.ts';
import { carry } from '../openai/carry.ts';
import {
  argumentsOf,
  callItem,
  charsPerToken,
  endingOf,
  likelihoodsOf,
  messageItem,
  reasoningItem,
  refusalPart,
  responseOf,
  sourcesOf,
  textPart,
  usageOf,
  type Frame,
} from './answer.ts';
import { customInput } from './tools.ts';

/** An item that still grows. Text, refusal and thought come one at a time; calls may grow side by side. */
interface Growing {
  kind: 'text' | 'refusal' | 'thought';
  id: string;
  at: number;
  said: string;
  /** Probabilities of the tokens of a text, as far as somebody gives them. */
  logprobs: unknown[];
  sources: Json[];
  /** So much text was said in earlier items: sources count from the beginning of all of it. */
  from: number;
}

interface GrowingCall {
  id: string;
  at: number;
  call: { id: string; name: string; args: string };
  isCustom: boolean;
}

export interface Writing {
  frame: Frame;
  /** Number of the next event. */
  sequence: number;
  hasStarted: boolean;
  open: Growing | null;
  /** Probabilities that came without their text, or before it. */
  likelihoods: unknown[];
  /** Sources that came before their text. */
  sources: Json[];
  textChars: number;
  calls: Map<number, GrowingCall>;
  output: Json[];
  items: number;
  chars: number;
  finish: FinishReason | null;
  extension: Extension;
  usage: ChatUsage | null;
}

export const newWriting = (frame: Frame): Writing => ({
  frame,
  sequence: 0,
  hasStarted: false,
  open: null,
  likelihoods: [],
  sources: [],
  textChars: 0,
  calls: new Map(),
  output: [],
  items: 0,
  chars: 0,
  finish: null,
  extension: {},
  usage: null,
});

export const event = (writing: Writing, type: string, body: Json): string =>
  namedEvent(type, JSON.stringify({ type, sequence_number: writing.sequence++, ...body }));

function start(writing: Writing): string {
  if (writing.hasStarted) return '';
  writing.hasStarted = true;
  const response = responseOf(writing.frame, {});
  return event(writing, 'response.created', { response }) + event(writing, 'response.in_progress', { response });
}

const addItem = (writing: Writing, at: number, item: Json): string =>
  event(writing, 'response.output_item.added', { output_index: at, item });

function endItem(writing: Writing, at: number, item: Json): string {
  writing.output[at] = item;
  return event(writing, 'response.output_item.done', { output_index: at, item });
}

function begin(writing: Writing, kind: Growing['kind']): string {
  const at = writing.items++;
  const id = `${kind === 'thought' ? 'rs' : 'msg'}_${writing.frame.id}_${at}`;
  const place = { item_id: id, output_index: at };
  writing.open = { kind, id, at, said: '', logprobs: [], sources: [], from: writing.textChars };
  if (kind === 'thought') {
    const part = { type: 'summary_text', text: '' };
    const item = { id, type: 'reasoning', summary: [] };
    return addItem(writing, at, item) + event(writing, 'response.reasoning_summary_part.added', { ...place, summary_index: 0, part });
  }
  const part = kind === 'text' ? textPart('') : refusalPart('');
  const item = messageItem(id, [], 'in_progress');
  return addItem(writing, at, item) + event(writing, 'response.content_part.added', { ...place, content_index: 0, part });
}

function close(writing: Writing, status: string): string {
  const { open } = writing;
  if (!open) return '';
  writing.open = null;
  const place = { item_id: open.id, output_index: open.at };
  if (open.kind === 'thought') {
    const part = { type: 'summary_text', text: open.said };
    return (
      event(writing, 'response.reasoning_summary_text.done', { ...place, summary_index: 0, text: open.said }) +
      event(writing, 'response.reasoning_summary_part.done', { ...place, summary_index: 0, part }) +
      endItem(writing, open.at, { id: open.id, type: 'reasoning', summary: [part] })
    );
  }
  const isText = open.kind === 'text';
  if (isText) open.logprobs.push(...writing.likelihoods.splice(0));
  const part = isText ? textPart(open.said, open.logprobs, open.sources) : refusalPart(open.said);
  const done = isText
    ? event(writing, 'response.output_text.done', { ...place, content_index: 0, text: open.said, logprobs: open.logprobs })
    : event(writing, 'response.refusal.done', { ...place, content_index: 0, refusal: open.said });
  return (
    done +
    event(writing, 'response.content_part.done', { ...place, content_index: 0, part }) +
    endItem(writing, open.at, messageItem(open.id, [part], status))
  );
}

function say(writing: Writing, kind: Growing['kind'], piece: string): string {
  if (piece === '') return '';
  writing.chars += piece.length;
  const begun = writing.open?.kind === kind ? '' : close(writing, 'completed') + begin(writing, kind);
  const open = writing.open!;
  open.said += piece;
  const place = { item_id: open.id, output_index: open.at, delta: piece };
  if (kind === 'thought') return begun + event(writing, 'response.reasoning_summary_text.delta', { ...place, summary_index: 0 });
  if (kind === 'refusal') return begun + event(writing, 'response.refusal.delta', { ...place, content_index: 0 });
  writing.textChars += piece.length;
  const logprobs = writing.likelihoods.splice(0);
  open.logprobs.push(...logprobs);
  return begun + event(writing, 'response.output_text.delta', { ...place, content_index: 0, logprobs });
}

/** Sources stand in the text that they are about, and wait for it where none was begun. */
function tellSources(writing: Writing): string {
  const { open } = writing;
  if (open?.kind !== 'text') return '';
  const place = { item_id: open.id, output_index: open.at, content_index: 0 };
  let said = '';
  for (const source of writing.sources.splice(0)) {
    const [start, end] = [Number(source['start_index']) - open.from, Number(source['end_index']) - open.from];
    const annotation = { ...source, start_index: Math.max(0, start), end_index: Math.max(0, end) };
    const at = open.sources.push(annotation) - 1;
    said += event(writing, 'response.output_text.annotation.added', { ...place, annotation_index: at, annotation });
  }
  return said;
}

function callPiece(writing: Writing, delta: NonNullable<ChatDelta['tool_calls']>[number]): string {
  const name = delta.function?.name ?? '';
  const piece = delta.function?.arguments ?? '';
  writing.chars += name.length + piece.length;
  let said = '';
  let growing = writing.calls.get(delta.index);
  if (!growing) {
    said += close(writing, 'completed');
    const at = writing.items++;
    const call = { id: delta.id ?? `call_${writing.frame.id}_${delta.index}`, name, args: '' };
    growing = { id: `fc_${writing.frame.id}_${at}`, at, call, isCustom: writing.frame.custom.has(name) };
    writing.calls.set(delta.index, growing);
    said += addItem(writing, at, callItem(growing.id, call, growing.isCustom, 'in_progress'));
  } else growing.call.name += name;
  growing.call.args += piece;
  // The text of a free-form tool stands inside of JSON, and can be told once that is whole.
  if (piece === '' || growing.isCustom) return said;
  const place = { item_id: growing.id, output_index: growing.at, delta: piece };
  return said + event(writing, 'response.function_call_arguments.delta', place);
}

function closeCall(writing: Writing, growing: GrowingCall): string {
  const place = { item_id: growing.id, output_index: growing.at };
  const item = callItem(growing.id, growing.call, growing.isCustom, 'completed');
  if (!growing.isCustom) {
    const { name, args } = growing.call;
    const owed = args === '' ? event(writing, 'response.function_call_arguments.delta', { ...place, delta: argumentsOf(args) }) : '';
    const done = event(writing, 'response.function_call_arguments.done', { ...place, name, arguments: argumentsOf(args) });
    return owed + done + endItem(writing, growing.at, item);
  }
  const input = customInput(growing.call.args);
  return (
    event(writing, 'response.custom_tool_call_input.delta', { ...place, delta: input }) +
    event(writing, 'response.custom_tool_call_input.done', { ...place, input }) +
    endItem(writing, growing.at, item)
  );
}

/** Events for one chunk. */
export function chunkEvents(writing: Writing, chunk: ChatChunk): string {
  if (!writing.hasStarted && chunk.model) writing.frame = { ...writing.frame, model: chunk.model };
  if (chunk.usage) writing.usage = chunk.usage;
  let said = start(writing);
  for (const choice of chunk.choices) {
    const { index, delta, finish_reason: finish } = choice;
    // This wire has one answer: of several choices the first is told.
    if (index !== 0) continue;
    writing.likelihoods.push(...likelihoodsOf(choice));
    if (delta.patchbay) writing.extension = { ...writing.extension, ...delta.patchbay };
    said += say(writing, 'thought', delta.reasoning_content ?? '');
    said += say(writing, 'text', delta.content ?? '');
    writing.sources.push(...sourcesOf(delta));
    said += tellSources(writing);
    said += say(writing, 'refusal', delta.refusal ?? '');
    for (const call of delta.tool_calls ?? []) said += callPiece(writing, call);
    writing.finish ??= finish;
  }
  return said;
}

/** What is owed before the last event, and the last event with the whole response. */
export function lastEvents(writing: Writing): { events: string; last: string; response: Json } {
  const ending = endingOf(writing.finish);
  let events = start(writing);
  events += close(writing, ending['status'] === 'completed' ? 'completed' : 'incomplete');
  for (const growing of writing.calls.values()) events += closeCall(writing, growing);
  if (carry(writing.extension) !== null) {
    const at = writing.items++;
    const item = reasoningItem(`rs_${writing.frame.id}_${at}`, '', writing.extension);
    events += addItem(writing, at, { ...item, encrypted_content: null }) + endItem(writing, at, item);
  }
  const usage = usageOf(writing.usage, { in: writing.frame.tokensIn, out: Math.ceil(writing.chars / charsPerToken) });
  const response = responseOf(writing.frame, { ...ending, output: writing.output, usage });
  const name = ending['status'] === 'completed' ? 'response.completed' : 'response.incomplete';
  return { events, last: event(writing, name, { response }), response };
}
