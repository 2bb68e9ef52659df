/** A whole house for the tests of the data plane: the real start, a real database, journal and server, and a shorthand for what tests need in it. */
import { rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { expect } from 'vitest';
import { startHouse, type StartedHouse } from '../../src/app/start.ts';
import { readSettings } from '../../src/app/settings.ts';
import { createAccessKey, revokeAccessKey, type AccessKeyLimits } from '../../src/control/access-keys.ts';
import { createConnection, changeConnection } from '../../src/control/connections.ts';
import type { ConnectionInput, FieldWords } from '../../src/control/connection-input.ts';
import type { Caller } from '../../src/control/change.ts';
import type { Connection } from '../../src/domain/connection.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { freshDir } from '../support/throwaway.ts';
import { until } from '../support/wait.ts';

const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'apiKey',
  accessKeyId: 'accessKeyId',
  model: 'model',
  settings: 'configuration',
  needsModel: false,
};

export interface RigOptions {
  /** Environment variables besides the usual ones. */
  environment?: Record<string, string>;
  /** A moving clock where a test is about time: the house is as patient as in real life, and nobody waits for it. */
  clock?: Clock;
  /** Chance; none where nothing is said. */
  draw?: () => number;
  databaseUrl?: string;
  dataDir?: string;
}

export interface Row {
  id: string;
  requestId: string;
  attemptNo: number;
  isLast: boolean;
  state: string;
  reason: string | null;
  status: number | null;
  connectionId: string | null;
  model: string;
  modelAsked: string;
  modelReported: string | null;
  isStream: boolean;
  tokensIn: number;
  tokensOut: number;
  isEstimated: boolean;
  cost: number | null;
  reserved: number;
  prices: string | null;
  finishReason: string | null;
  changed: string | null;
  clientRequestId: string | null;
  firstByteMs: number | null;
}

export interface Said {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** An answer on its way. */
export interface Listening {
  /** Resolves when the answer so far holds this text. */
  heard(text: string): Promise<unknown>;
  said: Promise<Said>;
}

export interface Rig {
  url: string;
  started: StartedHouse;
  deps: StartedHouse['deps'];
  caller: Caller;
  dataDir: string;
  /** Lines of the log so far. */
  logged: string[];
  connect(input: ConnectionInput, owner?: Owner, as?: Caller): Promise<Connection>;
  change(id: string, input: ConnectionInput): Promise<void>;
  issueKey(limits?: AccessKeyLimits, workspaceId?: string | null): Promise<{ id: string; text: string }>;
  revokeKey(id: string): Promise<void>;
  ask(key: string, body: unknown, headers?: Record<string, string>): Promise<Said>;
  /** The same for a test that has to know what has come so far. */
  listen(key: string, body: unknown, headers?: Record<string, string>): Listening;
  /** Brings everything into the books and reads the rows of one request, in order. */
  rowsOf(requestId: string): Promise<Row[]>;
  rows(): Promise<Row[]>;
  close(): Promise<void>;
}

export const canary = 'sk-CANARY-9f3b1c7a5e2d8046';
export const password = 'a long enough password';

function settingsOf({ databaseUrl, environment }: RigOptions, dataDir: string): ReturnType<typeof readSettings> {
  return readSettings(
    {
      PATCHBAY_PORT: '0',
      PATCHBAY_DATA_DIR: dataDir,
      PATCHBAY_EGRESS_ALLOW: '127.0.0.0/8:*,[::1]:*',
      PATCHBAY_ADMIN_EMAIL: 'admin@example.org',
      PATCHBAY_ADMIN_PASSWORD: password,
      PATCHBAY_DEMO: 'off',
      ...(databaseUrl ? { PATCHBAY_DATABASE_URL: databaseUrl } : {}),
      ...environment,
    },
    null,
  );
}

export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const dataDir = options.dataDir ?? freshDir('rig');
  const clock = options.clock ?? systemClock;
  const logged: string[] = [];
  const ids = createIds(clock);
  // What the provider is asked is what a test asks: checks by the clock would come in between.
  const io = {
    isChecking: false,
    clock,
    // No jitter: a back-off of nothing, so that tests wait for the gateway and not for chance.
    ids: { ...ids, draw: options.draw ?? (() => 0) },
    log: createLog('trace', { write: (line) => void logged.push(line) }),
  };
  const started = await startHouse(settingsOf(options, dataDir), io);
  const { deps } = started;
  const person = [...deps.keeper.snapshot.people.values()][0]!;
  const caller: Caller = {
    actor: deps.keeper.snapshot.actorOf(person.userId, 'session')!,
    origin: { requestId: ids.uuid(), address: '127.0.0.1', agent: 'test' },
  };
  const listen: Rig['listen'] = (key, body, headers = {}) =>
    listenTo(`${started.url}/v1/chat/completions`, typeof body === 'string' ? body : JSON.stringify(body), {
      authorization: `Bearer ${key}`,
      ...headers,
    });
  const organization: Owner = { scope: 'organization', id: deps.keeper.snapshot.organizationId };

  return {
    url: started.url,
    started,
    deps,
    caller,
    dataDir,
    logged,
    async connect(input, owner = organization, as = caller) {
      const { connection } = await createConnection(
        deps,
        as,
        owner,
        { providerId: 'openai', secret: canary, model: 'gpt-4o', ...input },
        words,
      );
      return connection;
    },
    async change(id, input) {
      await changeConnection(deps, caller, id, input, words);
    },
    async issueKey(limits = {}, workspaceId = null) {
      const { key, text } = await createAccessKey(deps, caller, { name: 'test', workspaceId, ...limits });
      return { id: key.id, text };
    },
    revokeKey: (id) => revokeAccessKey(deps, caller, id),
    ask: (...all) => listen(...all).said,
    listen,
    rowsOf: (requestId) => readRows(started, requestId),
    rows: () => readRows(started),
    async close() {
      await started.close({ isHurried: true });
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function readRows({ house }: StartedHouse, requestId?: string): Promise<Row[]> {
  house.deps.journal.flush();
  // One call may join a feeding that began before our record was written; the second one cannot.
  await house.feeder.feed();
  await house.feeder.feed();
  return house.database.driver.rows<Row & Record<string, unknown>>(
    {
      sql: `SELECT CAST(id AS TEXT) AS id, CAST(request_id AS TEXT) AS "requestId", attempt_no AS "attemptNo", is_last AS "isLast", state, reason, status,
        CAST(connection_id AS TEXT) AS "connectionId", model, model_asked AS "modelAsked", model_reported AS "modelReported", is_stream AS "isStream",
        tokens_in AS "tokensIn", tokens_out AS "tokensOut", is_estimated AS "isEstimated", cost_nano_usd AS cost, reserved_nano_usd AS reserved, prices,
        finish_reason AS "finishReason", changed, client_request_id AS "clientRequestId", first_byte_ms AS "firstByteMs"
        FROM usage_events ${requestId === undefined ? '' : 'WHERE CAST(request_id AS TEXT) = $1'} ORDER BY at, attempt_no`,
      params: requestId === undefined ? [] : [requestId],
    },
    'analytics',
  );
}

/** One POST on a connection of its own, its answer as it comes. `said` rejects where the line broke. */
export function listenTo(url: string, body: string | Buffer, headers: Record<string, string>): Listening {
  const parts: Buffer[] = [];
  const soFar = (): string => Buffer.concat(parts).toString('utf8');
  const said = new Promise<Said>((resolve, reject) => {
    const sent = httpRequest(
      url,
      { method: 'POST', agent: false, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: soFar() }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
  // Whoever waits for a piece hears of a broken line later.
  said.catch(() => undefined);
  return { heard: (text) => until(() => soFar().includes(text), `the answer says ${text}`), said };
}

/** One POST on a connection of its own, its whole answer. Rejects where the line broke. */
export const post = (...all: Parameters<typeof listenTo>): Promise<Said> => listenTo(...all).said;

export interface ErrorShape {
  message: string;
  type: string;
  param: string | null;
  code: string;
  request_id: string;
  limit?: { name: string; id: string | null; subject: { kind: string; id: string }; kind: string; period: string; value: number | string };
}

/** The error object of a refusal, checked to have the whole shape of OpenAI's wire and nothing of the inside (I16). */
export function errorOf(said: Said): ErrorShape {
  const { error } = JSON.parse(said.text) as { error: ErrorShape };
  // Which limit refused is told beside the rest of it, and by no other error.
  expect(
    Object.keys(error)
      .toSorted()
      .filter((name) => name !== 'limit'),
  ).toEqual(['code', 'message', 'param', 'request_id', 'type']);
  expect('limit' in error).toBe(['rate_limit_exceeded', 'budget_exceeded'].includes(error.code));
  expect(error.request_id).toBe(said.headers['x-request-id']);
  expect(error.message).not.toMatch(/127\.0\.0\.1|at .*\.ts|node:|ECONN|undici/);
  return error;
}

export interface Streamed {
  content: string;
  isDone: boolean;
  error: ErrorShape | null;
  usage: Record<string, number> | null;
  finishReason: string | null;
  events: string[];
}

/** Reads the text of an event stream as a client would. */
export function readStream(text: string): Streamed {
  const read: Streamed = { content: '', isDone: false, error: null, usage: null, finishReason: null, events: [] };
  for (const block of text.split('\n\n')) {
    const data = block
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).replace(/^ /, ''))
      .join('\n');
    if (data === '') continue;
    expect(read.isDone, 'nothing follows [DONE]').toBe(false);
    read.events.push(data);
    if (data === '[DONE]') read.isDone = true;
    else readEvent(read, JSON.parse(data) as EventBody);
  }
  return read;
}

interface EventBody {
  error?: ErrorShape;
  usage?: Record<string, number> | null;
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
}

function readEvent(read: Streamed, event: EventBody): void {
  if (event.error) read.error = event.error;
  if (event.usage) read.usage = event.usage;
  for (const choice of event.choices ?? []) {
    read.content += choice.delta?.content ?? '';
    read.finishReason ??= choice.finish_reason ?? null;
  }
}

export const message = (content = 'Say something.'): { role: string; content: string }[] => [{ role: 'user', content }];
