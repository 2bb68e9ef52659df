/** The demo provider's wire, served by Patchbay itself under `/demo/v1`: enough of OpenAI's to try everything without a key. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChatChunk } from '../../domain/chat.ts';
import type { Clock } from '../../lib/clock.ts';
import { doneEvent, writeSse } from '../../lib/sse.ts';
import { chunksOf, demoAnswer, demoFingerprint, demoModels, wholeOf, type DemoModel, type DemoOrder } from './answers.ts';

export interface DemoDeps {
  clock: Clock;
  /** Drawn by the application at its start and known to nobody else, so that this is no open endpoint. */
  key: string;
}

/** Path prefix of this provider; `<own address>` + this is its base URL. */
export const demoBasePath = '/demo/v1';

/** The demo repeats questions, so it takes small ones. */
export const demoBodyBytesMax = 1_048_576;

/** Pause between two chunks: a stream that can be seen, and is over in a moment. */
const chunkPauseMs = 15;

/** How long the model that never answers keeps its caller waiting before it hangs up. */
export const demoSilenceMs = 120_000;

/** Chunks that the model which breaks off gives away first. */
const chunksBeforeBreak = 2;

interface Failure {
  status: number;
  type: string;
  code: string;
  message: string;
  headers?: Record<string, string>;
}

const failures: Readonly<Record<string, Failure>> = {
  'demo-fail-401': { status: 401, type: 'invalid_request_error', code: 'invalid_api_key', message: 'Demo: this model refuses every key.' },
  'demo-fail-429': {
    status: 429,
    type: 'requests',
    code: 'rate_limit_exceeded',
    message: 'Demo: this model is always over its limit.',
    headers: { 'retry-after': '1' },
  },
  'demo-fail-500': { status: 500, type: 'server_error', code: 'internal_error', message: 'Demo: this model always fails.' },
};

function sendJson(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
  res.end(text);
}

const sendFailure = (res: ServerResponse, failure: Failure): void =>
  sendJson(
    res,
    failure.status,
    { error: { message: failure.message, type: failure.type, param: null, code: failure.code }, system_fingerprint: demoFingerprint },
    failure.headers,
  );

/** Compares digests, so that neither the length nor a prefix of the key can be measured. */
function isKeyRight(req: IncomingMessage, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return key !== '' && timingSafeEqual(digest(req.headers.authorization ?? ''), digest(`Bearer ${key}`));
}

/** The body as text; null for one that is too large. */
async function readBody(req: IncomingMessage): Promise<string | null> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of req as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > demoBodyBytesMax) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

type Body = Record<string, unknown>;
const isBody = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(text: string): Body | null {
  try {
    const value: unknown = JSON.parse(text);
    return isBody(value) ? value : null;
  } catch {
    return null;
  }
}

/** What a message says, as text; parts that are no text say nothing to a demo. */
function said(message: unknown): string {
  const content = isBody(message) ? message['content'] : undefined;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isBody(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .join(' ')
    .trim();
}

function toolOf(body: Body, question: string): DemoOrder['tool'] {
  const tools: unknown[] = Array.isArray(body['tools']) ? body['tools'] : [];
  const messages: unknown[] = Array.isArray(body['messages']) ? body['messages'] : [];
  const last = messages.at(-1);
  // A result of the tool is answered in words, or the two would go on for ever.
  if (body['tool_choice'] === 'none' || (isBody(last) && last['role'] === 'tool')) return null;
  const first = tools.map((tool) => (isBody(tool) ? tool['function'] : null)).find(isBody);
  if (!first || typeof first['name'] !== 'string') return null;
  const isForced = body['tool_choice'] === 'required' || isBody(body['tool_choice']);
  return isForced || /use (the|a) tool/i.test(question) ? { name: first['name'], parameters: first['parameters'] } : null;
}

function orderOf(body: Body, model: DemoModel): DemoOrder {
  const messages: unknown[] = Array.isArray(body['messages']) ? body['messages'] : [];
  const question = said(messages.findLast((message) => isBody(message) && message['role'] === 'user'));
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  return {
    model,
    question,
    promptChars: messages.reduce((sum: number, message) => sum + said(message).length, 0),
    tool: toolOf(body, question),
    outputTokensMax: typeof limit === 'number' && limit >= 1 ? limit : null,
  };
}

/** Writes chunks with a short pause between them. Stops when the caller has gone; breaks the line where the model says so. */
function stream(deps: DemoDeps, res: ServerResponse, chunks: readonly ChatChunk[], breaksOff: boolean): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  return new Promise((resolve) => {
    let next = 0;
    res.once('close', resolve);
    const step = (): void => {
      if (res.destroyed) return;
      if (breaksOff && next === chunksBeforeBreak) {
        // Told on the next turn, so that what was written reaches the caller before the line is cut.
        deps.clock.after(chunkPauseMs, () => res.destroy());
        return;
      }
      const chunk = chunks[next++];
      if (!chunk) {
        res.end(doneEvent);
        return;
      }
      res.write(writeSse(JSON.stringify(chunk)));
      deps.clock.after(chunkPauseMs, step);
    };
    step();
  });
}

function keepSilent(deps: DemoDeps, res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = deps.clock.after(demoSilenceMs, () => res.destroy());
    res.once('close', () => {
      timer.cancel();
      resolve();
    });
  });
}

async function complete(deps: DemoDeps, body: Body, res: ServerResponse): Promise<void> {
  const model = demoModels.find((known) => known === body['model']);
  if (!model) {
    sendFailure(res, {
      status: 404,
      type: 'invalid_request_error',
      code: 'model_not_found',
      message: 'Demo: there is no such model. Ask /demo/v1/models.',
    });
    return;
  }
  const failure = failures[model];
  if (failure) {
    sendFailure(res, failure);
    return;
  }
  if (model === 'demo-fail-timeout') {
    await keepSilent(deps, res);
    return;
  }
  const createdMs = deps.clock.nowMs();
  const head = { id: `chatcmpl-demo-${createdMs.toString(36)}`, created: Math.floor(createdMs / 1000), model };
  const answer = demoAnswer(orderOf(body, model));
  const breaksOff = model === 'demo-fail-midstream';
  if (body['stream'] === true) {
    const options = body['stream_options'];
    await stream(deps, res, chunksOf(head, answer, isBody(options) && options['include_usage'] === true), breaksOff);
    return;
  }
  const whole = JSON.stringify(wholeOf(head, answer));
  if (!breaksOff) {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) });
    res.end(whole);
    return;
  }
  // The length promises more than comes.
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) });
  res.write(whole.slice(0, whole.length >> 1), () => res.destroy());
}

/** Answers one request for a path under `/demo/v1`. Never throws for what a caller sent. */
export async function handleDemo(deps: DemoDeps, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = (req.url ?? '').split('?', 1)[0];
  if (!isKeyRight(req, deps.key)) {
    sendFailure(res, {
      status: 401,
      type: 'invalid_request_error',
      code: 'invalid_api_key',
      message: 'The demo provider is for this installation alone.',
    });
    return;
  }
  if (req.method === 'GET' && path === `${demoBasePath}/models`) {
    sendJson(res, 200, {
      object: 'list',
      data: demoModels.map((id) => ({ id, object: 'model', created: 1_735_689_600, owned_by: demoFingerprint })),
    });
    return;
  }
  if (req.method !== 'POST' || path !== `${demoBasePath}/chat/completions`) {
    sendFailure(res, {
      status: 404,
      type: 'invalid_request_error',
      code: 'unknown_url',
      message: 'The demo provider has no such address.',
    });
    return;
  }
  const text = await readBody(req);
  const body = text === null ? null : parse(text);
  if (text === null)
    sendFailure(res, {
      status: 413,
      type: 'invalid_request_error',
      code: 'request_too_large',
      message: 'The demo provider takes small requests only.',
    });
  else if (!body)
    sendFailure(res, { status: 400, type: 'invalid_request_error', code: 'invalid_json', message: 'The request body is no JSON object.' });
  else await complete(deps, body, res);
}
