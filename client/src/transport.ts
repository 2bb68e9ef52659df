/** How every call of the client travels: one address, one token, one time limit, one way to fail. */
import { HttpError, NetworkError } from './errors.ts';
import { pause, retriesDefault, waitMsBefore } from './retry.ts';

const timeoutMsDefault = 60_000;
/** No answer of the control plane comes near this; more means that something else is answering. */
const answerBytesMax = 64 * 1024 * 1024;

/** What a query may hold. Null and undefined are left out, arrays repeat their name, dates travel as ISO 8601. */
export type QueryValue = string | number | boolean | Date | null | undefined;
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;

/** The output and input types of a schema of the contract, without its code. */
export type Output<Schema extends { _zod: { output: unknown } }> = Schema['_zod']['output'];
export type Input<Schema extends { _zod: { input: unknown } }> = Schema['_zod']['input'];

export interface ClientOptions {
  /** Where Patchbay answers, with its path where a proxy gives it one: `https://host/gw`. */
  baseUrl: string;
  /** A personal token (`pat-pb-...`), or an access key (`sk-pb-...`) for a client that only calls `/v1`. */
  apiKey?: string;
  /** The same as `apiKey`, under its other name; it wins where both are given. */
  accessToken?: string;
  /** The access key for `/v1`, where one client serves both planes. Without it the token of the client is sent. */
  accessKey?: string;
  /** How long an answer may take, for a stream its beginning. Sixty seconds without it. */
  timeoutMs?: number;
  /** How often a call is sent again that was refused with 429 or 503, or, where it changes nothing, got no answer. Two without it. */
  retries?: number;
  /** Used in place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** Writes one line per call: method, path, status, duration. Never a header, never a body. */
  debug?: boolean | ((line: string) => void);
  /** The language of error texts, sent as Accept-Language. */
  language?: string;
}

export interface CallOptions {
  query?: Query;
  body?: unknown;
  /** A file in place of a body, sent as it is. */
  file?: Blob | Uint8Array<ArrayBuffer> | string;
  signal?: AbortSignal;
}

/** `?a=1&b=2`, or nothing at all. */
export function queryText(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly QueryValue[]) : [value as QueryValue]) {
      if (one !== null && one !== undefined) parameters.append(name, one instanceof Date ? one.toISOString() : String(one));
    }
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** One segment of a path: an id with a slash in it stays one segment. */
export const segment = (text: string): string => encodeURIComponent(text);

/** The text of an answer, as long as it is no longer than `bytesMax`. */
async function textOf(response: Response, bytesMax: number): Promise<string> {
  if (!response.body) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of chunksOf(response.body)) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new NetworkError('unreachable', `the answer is larger than ${bytesMax} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The pieces of a body. Leaving the loop early cancels the rest, so that the server stops. */
export async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  try {
    // Ends with the body, or when the caller leaves the loop.
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Null for an empty text, the value of a JSON text, else the text itself. */
function parsed(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export class Transport {
  readonly #base: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #accessKey: string | undefined;
  #token: string | null;
  #debug: ((line: string) => void) | null = null;
  #language: string | null;

  constructor(options: ClientOptions) {
    // Parsed here, so that a wrong address fails where it was written.
    this.#base = new URL(options.baseUrl).href.replace(/[?#].*$/, '').replace(/\/*$/, '/');
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#timeoutMs = options.timeoutMs ?? timeoutMsDefault;
    this.#retries = options.retries ?? retriesDefault;
    this.#token = options.accessToken ?? options.apiKey ?? null;
    this.#accessKey = options.accessKey;
    this.#language = options.language ?? null;
    this.setDebug(options.debug ?? false);
  }

  /** Null signs the client off: the next call carries no token. */
  setAuthToken(token: string | null): void {
    this.#token = token;
  }

  setLanguage(language: string | null): void {
    this.#language = language;
  }

  setDebug(debug: boolean | ((line: string) => void)): void {
    const toConsole = (line: string): void => console.debug(line);
    this.#debug = typeof debug === 'function' ? debug : debug ? toConsole : null;
  }

  /**
   * Sends one call and returns the parsed body, null where it is empty.
   * @throws HttpError where the answer is not a 2xx, NetworkError where there is none; an abort of the caller is rethrown as it came
   */
  async call<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return this.#send(method, path, options, async (response) => {
      const data = parsed(await textOf(response, answerBytesMax));
      if (!response.ok) throw new HttpError(response, data);
      return data as Answer;
    });
  }

  /** Sends one call and returns its answer as soon as its head is there. The time limit ends with that; the signal goes on. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    return this.#send(method, path, options, async (response) => {
      if (!response.ok) throw new HttpError(response, parsed(await textOf(response, answerBytesMax)));
      return response;
    });
  }

  #headers(path: string, { body, file }: CallOptions): Record<string, string> {
    const token = path.startsWith('v1/') ? (this.#accessKey ?? this.#token) : this.#token;
    return {
      accept: 'application/json, text/event-stream',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(file === undefined ? {} : { 'content-type': 'application/octet-stream' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(this.#language === null ? {} : { 'accept-language': this.#language }),
    };
  }

  async #send<Answer>(method: string, path: string, options: CallOptions, read: (response: Response) => Promise<Answer>): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#sendOnce(method, path, options, read);
      } catch (error) {
        const waitMs = attempt < this.#retries && !options.signal?.aborted ? waitMsBefore(method, error, attempt) : null;
        if (waitMs === null) throw error;
        await pause(waitMs, options.signal);
      }
    }
  }

  async #sendOnce<Answer>(
    method: string,
    path: string,
    options: CallOptions,
    read: (response: Response) => Promise<Answer>,
  ): Promise<Answer> {
    const { query, body, file, signal } = options;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#timeoutMs);
    const startedMs = performance.now();
    const note = (outcome: string | number): void =>
      this.#debug?.(`${method} /${path} ${outcome} ${Math.round(performance.now() - startedMs)} ms`);
    try {
      const response = await this.#fetch(this.#base + path + queryText(query), {
        method,
        headers: this.#headers(path, options),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(file === undefined ? {} : { body: file }),
        // A redirect would carry the token to wherever it points.
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
      });
      note(response.status);
      return await read(response);
    } catch (error) {
      if (error instanceof HttpError || error instanceof NetworkError || signal?.aborted) throw error;
      const reason = limit.signal.aborted ? 'timeout' : 'unreachable';
      note(reason);
      throw new NetworkError(
        reason,
        reason === 'timeout' ? `no answer within ${this.#timeoutMs} ms` : 'the server cannot be reached',
        error,
      );
    } finally {
      clearTimeout(timer);
    }
  }
}
