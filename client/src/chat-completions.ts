/** Chat completions on `/v1`, whole or as a stream of chunks, and the models that a key may name. */
import { chunksOf, type Transport } from './transport.ts';

/** A line of an event stream that never ends would fill the memory. */
const lineCharsMax = 16 * 1024 * 1024;

export interface ChatMessage {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content: string | null | readonly Record<string, unknown>[];
  [field: string]: unknown;
}

/** The fields of OpenAI's wire; those that are not named here are passed on as they are. */
export interface ChatRequest {
  /** A model, `<connection>/<model>`, a routing group, or nothing for the default connection. */
  model?: string;
  messages: readonly ChatMessage[];
  temperature?: number;
  max_tokens?: number;
  [field: string]: unknown;
}

export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  [field: string]: unknown;
}

export interface ChatCompletion {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: { index: number; message: ChatMessage; finish_reason: string | null; [field: string]: unknown }[];
  usage?: ChatUsage;
  [field: string]: unknown;
}

export interface ChatChunk {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: { index: number; delta: { role?: string; content?: string | null; [field: string]: unknown }; finish_reason: string | null }[];
  usage?: ChatUsage | null;
  [field: string]: unknown;
}

/** The stream broke after it had begun: an error event came, or it ended without its last word. */
export class StreamError extends Error {
  readonly code: string | null;
  readonly data: unknown;

  constructor(message: string, code: string | null, data: unknown) {
    super(message);
    this.name = 'StreamError';
    this.code = code;
    this.data = data;
  }
}

export interface ChatCalls {
  /** @throws HttpError, NetworkError */
  create(request: ChatRequest, signal?: AbortSignal): Promise<ChatCompletion>;
  /** Leaving the loop early hangs up. @throws HttpError, NetworkError, StreamError */
  stream(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatChunk, void, undefined>;
  models(signal?: AbortSignal): Promise<{ id: string; [field: string]: unknown }[]>;
}

/** The data of each event of a stream, until it ends. Knows CR, LF and CRLF, comments, and data in several lines. */
export async function* eventsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the very end may be the first half of a CRLF: it waits for the next chunk.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > lineCharsMax) throw new StreamError('a line of the stream is too long', null, null);
    for (const line of lines) {
      if (line === '' && data.length > 0) {
        yield data.join('\n');
        data = [];
      } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    }
  }
  // An event without its empty line was not sent whole (WHATWG HTML, 9.2.6).
}

function chunkOf(text: string): ChatChunk {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StreamError('an event of the stream is not JSON', null, text);
  }
  const error = (value as { error?: { message?: string; code?: string } | null } | null)?.error;
  if (error) throw new StreamError(error.message ?? 'the stream broke', error.code ?? null, value);
  return value as ChatChunk;
}

export function chatCalls(transport: Transport): ChatCalls {
  const path = 'v1/chat/completions';
  return {
    create: (request, signal) => transport.call('POST', path, { body: { ...request, stream: false }, signal }),
    async *stream(request, signal) {
      const response = await transport.open('POST', path, { body: { ...request, stream: true }, signal });
      if (!response.body) throw new StreamError('the stream has no body', null, null);
      for await (const text of eventsOf(chunksOf(response.body))) {
        if (text === '[DONE]') return;
        yield chunkOf(text);
      }
      throw new StreamError('the stream ended before it was complete', 'stream_incomplete', null);
    },
    async models(signal) {
      return (await transport.call<{ data: { id: string }[] }>('GET', 'v1/models', { signal })).data;
    },
  };
}
