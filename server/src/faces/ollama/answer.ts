/** Answers of the house in the lines of Ollama's wire, as a chat or as a text that goes on from a prompt. */
import type { ChatChunk, ChatDelta, ChatResponse, ChatUsage, Extension } from '../../domain/chat.ts';
import type { Clock } from '../../lib/clock.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { writeSse } from '../../lib/sse.ts';
import { isRecord, list, member, parseExactly, parseJson, text, type Json } from '../../providers/shape.ts';
import { usageOf } from '../../providers/usage.ts';
import type { AnswerWriter } from '../../providers/writer.ts';
import { carry } from '../openai/carry.ts';

/** What one request's answers are written with. */
export interface Frame {
  kind: 'chat' | 'generate';
  clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  /** Monotonic. */
  startedMs: number;
  /** Our own estimate of the prompt, for providers that do not say. */
  tokensIn: number;
}

/** Characters per token where a provider gives no usage. */
const charsPerToken = 4;
const nanosPerMs = 1_000_000;

const head = ({ clock }: Frame, model: string): Json => ({ model, created_at: isoOf(clock.nowMs()) });

/** The one who speaks, in either form of this wire. */
function saying({ kind }: Frame, { content, ...more }: { content: string } & Json): Json {
  return kind === 'chat' ? { message: { role: 'assistant', content, ...more } } : { response: content, ...more };
}

/** Why the answer ended. Of a provider's refusal this wire knows nothing, and `stop` would say that all is well. */
const reasonOf = (finish: string | null | undefined): string => (finish === 'length' || finish === 'content_filter' ? finish : 'stop');

interface Ending {
  finish: string | null | undefined;
  usage: ChatUsage | null | undefined;
  chars: number;
  /** When the first word came; null where nobody could tell it from the last. */
  firstMs: number | null;
}

/** The end of an answer: counts, and durations in nanoseconds. Loading is the provider's affair, and nobody is told how long it took. */
function endingOf(frame: Frame, { finish, usage, chars, firstMs }: Ending): Json {
  const read = usageOf(usage);
  const endMs = frame.clock.monotonicMs();
  const begunMs = firstMs ?? frame.startedMs;
  const nanos = (fromMs: number, toMs: number): number => Math.max(0, Math.round((toMs - fromMs) * nanosPerMs));
  return {
    done: true,
    done_reason: reasonOf(finish),
    total_duration: nanos(frame.startedMs, endMs),
    load_duration: 0,
    prompt_eval_count: read?.tokensIn ?? frame.tokensIn,
    prompt_eval_duration: nanos(frame.startedMs, begunMs),
    eval_count: read?.tokensOut ?? Math.ceil(chars / charsPerToken),
    eval_duration: nanos(begunMs, endMs),
  };
}

const inputOf = (args: string): Json => {
  const parsed = args.trim() === '' ? {} : parseExactly(args);
  return isRecord(parsed) ? parsed : { arguments: args };
};

interface Call {
  id: string;
  name: string;
  args: string;
}

const callsSaid = (calls: readonly Call[]): Json[] =>
  calls.map(({ id, name, args }, index) => ({ ...(id !== '' && { id }), function: { index, name, arguments: inputOf(args) } }));

const tokenOf = (entry: unknown): Json => ({ token: member(entry, 'token'), logprob: member(entry, 'logprob') });

/** Probabilities of tokens; nothing where none were given. */
function likelihoods(logprobs: unknown): Json {
  const entries = list(member(logprobs, 'content'));
  if (entries.length === 0) return {};
  return {
    logprobs: entries.map((entry) => ({ ...tokenOf(entry), top_logprobs: list(member(entry, 'top_logprobs')).map(tokenOf) })),
  };
}

/** What only its provider understands of an answer travels in a member that this wire's clients send back untouched. */
function carriedOf(extension: Extension | undefined): Json {
  const signature = carry(extension);
  return signature === null ? {} : { signature };
}

/** The whole answer. This wire has one: of several choices the first is told. */
export function wholeOf(frame: Frame, response: ChatResponse): string {
  const choice = response.choices[0];
  const message = choice?.message;
  // A refusal is a text like any other in this wire.
  const content = [message?.content, message?.refusal].filter((said) => typeof said === 'string').join('');
  const thinking = message?.reasoning_content ?? '';
  const calls = callsSaid((message?.tool_calls ?? []).map((call) => ({ id: call.id, name: call.function.name, args: call.function.arguments }))); // prettier-ignore
  const said = saying(frame, {
    content,
    ...(thinking !== '' && { thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...carriedOf(message?.patchbay),
  });
  const chars = JSON.stringify(said).length;
  const ending = endingOf(frame, { finish: choice?.finish_reason, usage: response.usage, chars, firstMs: null });
  return JSON.stringify({ ...head(frame, response.model), ...said, ...likelihoods(choice?.logprobs), ...ending });
}

/** A chat line of a provider of this wire as a line of a text that goes on; other lines stay as they are. */
export function asGenerated(data: string): string {
  const body = parseJson(data);
  if (!isRecord(body)) return data;
  const { message, ...rest } = body;
  if (!isRecord(message)) return data;
  const { role: _role, content, ...more } = message;
  return JSON.stringify({ ...rest, response: text(content) ?? '', ...more });
}

interface Writing {
  model: string;
  calls: Map<number, Call>;
  chars: number;
  finish: string | null;
  usage: ChatUsage | null;
  extension: Extension;
  firstMs: number | null;
}

function takeCalls(writing: Writing, deltas: NonNullable<ChatDelta['tool_calls']>): void {
  for (const { index, id, function: said } of deltas) {
    const call = writing.calls.get(index) ?? { id: '', name: '', args: '' };
    call.id ||= id ?? '';
    call.name += said?.name ?? '';
    call.args += said?.arguments ?? '';
    writing.chars += (said?.name?.length ?? 0) + (said?.arguments?.length ?? 0);
    writing.calls.set(index, call);
  }
}

const line = (body: Json): string => writeSse(JSON.stringify(body));

function pieceOf(frame: Frame, writing: Writing, { delta, logprobs }: ChatChunk['choices'][number]): string {
  if (delta.patchbay) writing.extension = { ...writing.extension, ...delta.patchbay };
  if (delta.tool_calls) takeCalls(writing, delta.tool_calls);
  const content = (delta.content ?? '') + (delta.refusal ?? '');
  const thinking = delta.reasoning_content ?? '';
  if (content === '' && thinking === '') return '';
  writing.chars += content.length + thinking.length;
  const said = saying(frame, { content, ...(thinking !== '' && { thinking }) });
  return line({ ...head(frame, writing.model), ...said, ...likelihoods(logprobs), done: false });
}

/** Calls are told whole, as this wire has them, and then that all is said. */
function restOf(frame: Frame, writing: Writing): string {
  const calls = callsSaid([...writing.calls].toSorted(([a], [b]) => a - b).map(([, call]) => call));
  const called =
    calls.length === 0 ? '' : line({ ...head(frame, writing.model), ...saying(frame, { content: '', tool_calls: calls }), done: false });
  const last = saying(frame, { content: '', ...carriedOf(writing.extension) });
  return called + line({ ...head(frame, writing.model), ...last, ...endingOf(frame, writing) });
}

/** A writer for one answer. Each line is written as an event of the house's; the caller's side of the line makes lines of them. */
export function createLineWriter(frame: Frame): AnswerWriter {
  const writing: Writing = { model: '', calls: new Map(), chars: 0, finish: null, usage: null, extension: {}, firstMs: null };
  let isPassing = false;
  return {
    chunk(chunk) {
      writing.model ||= chunk.model;
      if (chunk.usage) writing.usage = chunk.usage;
      let said = '';
      for (const choice of chunk.choices) {
        // This wire has one answer: of several choices the first is told.
        if (choice.index !== 0) continue;
        said += pieceOf(frame, writing, choice);
        writing.finish ??= choice.finish_reason;
      }
      if (said !== '' || writing.calls.size > 0) writing.firstMs ??= frame.clock.monotonicMs();
      return said;
    },
    end: () => (isPassing ? '' : restOf(frame, writing)),
    pass({ data }) {
      isPassing = true;
      return writeSse(frame.kind === 'chat' ? data : asGenerated(data));
    },
  };
}
