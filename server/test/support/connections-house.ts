/** A house with the faces of the connections, real calls to providers, and listeners on 127.0.0.1 that play them. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { Database } from '../../src/storage/database.ts';
import { openHouse, type House, type HouseOptions, type Resident } from './house.ts';

/** One thing of an answer, as loosely as tests look into one. */
export interface Found {
  [key: string]: unknown;
  id: string;
}

export interface Seen {
  status: number;
  headers: Headers;
  text: string;
  body: { [key: string]: unknown; id: string; aiLlmId: string; data: Found; details: { path: string }[] };
}

/** The things of a list in an envelope. */
export const listed = (answer: Seen): Found[] => answer.body.data as unknown as Found[];

/** Paths of the fields that were refused. */
export const pathsOf = (answer: Seen): string[] => answer.body.details.map((fault) => fault.path);

export interface ConnectionsHouse extends House {
  /** Sends as somebody, or as nobody, and keeps every answer for the search of keys that must not be in any. */
  ask(
    person: Pick<Resident, 'token'> | null,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Seen>;
}

/** Every answer that passed through `ask`. */
export const answersSeen: string[] = [];

/** Providers are played on this machine, so the way out is open to it for everyone. */
export async function openConnectionsHouse(options: HouseOptions = {}): Promise<ConnectionsHouse> {
  const house = await openHouse({ egressAllow: '127.0.0.1:*,localhost:*', ...options });
  return {
    ...house,
    async ask(person, method, path, body, headers = {}) {
      const {
        status,
        headers: answered,
        text,
        body: parsed,
      } = await house.request(method, path, { ...(person ? { token: person.token } : {}), body, headers });
      answersSeen.push(`${text}\n${JSON.stringify([...answered])}`);
      return { status, headers: answered, text, body: parsed as unknown as Seen['body'] };
    },
  };
}

/** A listener that plays a provider, and keeps every byte that it was sent. */
export interface Vendor {
  /** `http://127.0.0.1:port` */
  origin: string;
  /** `origin` and `/v1`. */
  baseUrl: string;
  /** Keys that it accepts; with none it accepts everything. */
  keys: Set<string>;
  /** Request lines, headers and bodies, one text. */
  bytes(): string;
  requests(): number;
  forget(): void;
  close(): Promise<void>;
}

const modelIds = ['small-model', 'large-model'];

function answerAs(vendor: { keys: Set<string> }, request: IncomingMessage, response: ServerResponse, body: string): void {
  const say = (status: number, json: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(json));
  };
  const key = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
  if (vendor.keys.size > 0 && !vendor.keys.has(key)) {
    return say(401, { error: { message: `Incorrect API key provided: ${key}`, type: 'invalid_request_error', code: 'invalid_api_key' } });
  }
  if (request.url === '/v1/models') return say(200, { object: 'list', data: modelIds.map((id) => ({ id, object: 'model' })) });
  if (request.url === '/v1/chat/completions') {
    const { model } = JSON.parse(body) as { model: string };
    if (!modelIds.includes(model))
      return say(404, { error: { message: `The model ${model} does not exist`, type: 'invalid_request_error', code: 'model_not_found' } });
    return say(200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model,
      choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  }
  return say(404, { error: { message: 'Not found' } });
}

export async function openVendor(keys: readonly string[] = []): Promise<Vendor> {
  const state = { keys: new Set(keys), pieces: [] as string[], requests: 0 };
  const server = createServer((request, response) => {
    const body: Buffer[] = [];
    state.requests++;
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(body).toString('utf8');
      state.pieces.push(`${request.method} ${request.url}\n${request.rawHeaders.join('\n')}\n\n${text}`);
      answerAs(state, request, response, text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    baseUrl: `${origin}/v1`,
    keys: state.keys,
    bytes: () => state.pieces.join('\n'),
    requests: () => state.requests,
    forget() {
      state.pieces.length = 0;
      state.requests = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Every way in which a key could lie in a text: as it is, encoded, or its beginning alone. */
export function tracesOf(key: string, text: string): string[] {
  const forms: Record<string, string> = {
    plain: key,
    base64: Buffer.from(key).toString('base64').replace(/=+$/, ''),
    base64url: Buffer.from(key).toString('base64url'),
    hex: Buffer.from(key).toString('hex'),
    url: encodeURIComponent(key),
    beginning: key.slice(0, 12),
  };
  return Object.entries(forms)
    .filter(([, form]) => text.includes(form))
    .map(([name]) => name);
}

/** Files beside an embedded database, its log and the journal among them, that hold a text. */
export async function filesWith({ driver }: Pick<Database, 'driver'>, text: string): Promise<string[]> {
  const [main] = await driver.rows<{ file: string }>({ sql: 'SELECT file FROM pragma_database_list', params: [] });
  return readdirSync(dirname(main!.file), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text))
    .map((entry) => entry.name);
}
