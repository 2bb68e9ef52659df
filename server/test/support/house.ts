/** A whole house for tests: a real database in a folder of its own, a real server on 127.0.0.1, and people who live in it. */
import { rmSync } from 'node:fs';
import type { HouseDeps, HouseIo } from '../../src/app/house.ts';
import type { Settings } from '../../src/app/settings.ts';
import { startHouse } from '../../src/app/start.ts';
import { commit } from '../../src/control/change.ts';
import { createFirstAdministrator, newSetupToken } from '../../src/control/people/setup.ts';
import { createUser } from '../../src/control/people/users.ts';
import { createToken } from '../../src/control/personal-tokens.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import type { Actor, Origin, OrganizationRole, WorkspaceRole } from '../../src/domain/owner.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { Database } from '../../src/storage/database.ts';
import { putMember } from '../../src/storage/workspaces.ts';
import { afterThisFile } from './leavings.ts';
import { freshDir } from './throwaway.ts';

export interface HouseOptions {
  /** A PostgreSQL database; without it the embedded one. */
  databaseUrl?: string;
  /** Base64 of 32 bytes, for instances that share a database; without it each house makes its own. */
  masterKey?: string;
  /** `PATCHBAY_MASTER_KEY_PREVIOUS`. */
  masterKeysPrevious?: string[];
  /** A Valkey; without it there is none. */
  redisUrl?: string | null;
  clock?: Clock;
  publicUrl?: string;
  environment?: Settings['environment'];
  retentionDays?: Settings['retentionDays'];
  /** `PATCHBAY_ENVIRONMENT_CONNECTION`. */
  isEnvironmentOffered?: boolean;
  /** `PATCHBAY_EGRESS_ALLOW`. */
  egressAllow?: string;
  /** Shorter limits of the gateway. */
  timeouts?: HouseIo['timeouts'];
  /** Connections are checked by the clock; without it only when somebody asks. */
  isChecking?: boolean;
  isDemoOffered?: boolean;
  /** `PATCHBAY_AUDIT_WEBHOOK_URL`. */
  auditWebhookUrl?: string;
  trustedProxies?: string[];
  /** Where OpenTelemetry goes; nowhere without it. */
  telemetry?: Settings['telemetry'];
}

export interface Reply {
  status: number;
  headers: Headers;
  /** The parsed body; undefined where there was none, or another thing than JSON. */
  body: Json;
  text: string;
  /** The body without its request id, which alone may differ between two answers that must look alike. */
  bodyWithoutId: unknown;
  /** The text at a dotted path of the body, `data.id`; throws where there is none. */
  at(path: string): string;
}

/** A parsed body, as loosely as tests look into one. */
export interface Json {
  [key: string]: Json;
  [Symbol.iterator](): Iterator<Json>;
}

export interface Sent {
  token?: string;
  cookie?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Resident {
  id: string;
  email: string;
  password: string;
  token: string;
  actor: Actor;
}

export interface House {
  url: string;
  deps: HouseDeps;
  database: Database;
  /** Lines of the log so far. */
  logged: string[];
  request: (method: string, path: string, sent?: Sent) => Promise<Reply>;
  /** A person with a personal token, made without the front door. */
  createResident: (name: string, role?: OrganizationRole) => Promise<Resident>;
  createWorkspace: (name: string, members: [Resident, WorkspaceRole][]) => Promise<string>;
  /** Signs in through the front door; the Cookie header of what came back. */
  signIn: (person: { email: string; password: string }) => Promise<string>;
  /** A set-up link's token, as the start prints it; null once the set-up is done. */
  newSetupToken: () => Promise<string | null>;
  /** Where the house keeps its files. */
  dataDir: string;
  /** To close it again is nothing. A house that is left open is closed after the file. */
  close: () => Promise<void>;
}

export const origin: Origin = { requestId: '00000000-0000-7000-8000-000000000000', address: '127.0.0.1', agent: 'test' };
const password = 'a long enough password';
/** Another build of the pages than the one in web/dist, for somebody who works on them. */
const pagesDir = process.env['TEST_PAGES_DIR'];

function settingsOf(options: HouseOptions, dataDir: string): Settings {
  return {
    host: '127.0.0.1',
    port: 0,
    dataDir,
    databaseUrl: options.databaseUrl ?? null,
    redisUrl: options.redisUrl ?? null,
    masterKey: options.masterKey === undefined ? null : new Secret(options.masterKey),
    masterKeysPrevious: options.masterKeysPrevious ?? [],
    publicUrl: options.publicUrl ?? null,
    egressAllow: options.egressAllow ?? null,
    logLevel: 'warn',
    workers: 1,
    admin: null,
    environment: options.environment ?? null,
    isEnvironmentOffered: options.isEnvironmentOffered ?? true,
    isDemoOffered: options.isDemoOffered ?? false,
    isProduction: false,
    trustedProxies: options.trustedProxies ?? [],
    telemetry: options.telemetry ?? null,
    retentionDays: options.retentionDays ?? {},
    auditWebhookUrl: options.auditWebhookUrl === undefined ? null : new Secret(options.auditWebhookUrl),
  };
}

async function send(url: string, method: string, path: string, sent: Sent = {}): Promise<Reply> {
  const headers: Record<string, string> = {};
  if (sent.token !== undefined) headers['authorization'] = `Bearer ${sent.token}`;
  // A browser tells where the page came from whenever it sends a cookie with a change.
  if (sent.cookie !== undefined) Object.assign(headers, { cookie: sent.cookie, origin: url });
  if (sent.body !== undefined) headers['content-type'] = 'application/json';
  Object.assign(headers, sent.headers);
  const body = sent.body === undefined ? undefined : typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body);
  const answer = await fetch(url + path, { method, headers, body, redirect: 'manual' });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
  const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : undefined;
  return {
    status: answer.status,
    headers: answer.headers,
    body: parsed as Json,
    bodyWithoutId: withoutId(parsed),
    text,
    at: (place) => textAt(parsed, place),
  };
}

const withoutId = (body: unknown): unknown => (body !== null && typeof body === 'object' ? { ...body, request_id: undefined } : body);

function textAt(value: unknown, path: string): string {
  let found = value;
  for (const step of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[step];
  if (typeof found !== 'string') throw new Error(`no text at ${path} of ${JSON.stringify(value)}`);
  return found;
}

/** The Cookie header that a browser would send after these Set-Cookie lines. */
export const cookieOf = (reply: Reply): string =>
  reply.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');

async function moveIn(deps: HouseDeps, name: string, role: OrganizationRole): Promise<Resident> {
  const email = `${name.toLowerCase()}@example.org`;
  const system: Actor = {
    userId: deps.ids.uuid(),
    email,
    name,
    role: 'administrator',
    organizationId: '',
    workspaces: new Map(),
    language: 'en',
    via: 'system',
  };
  // The first resident sets the house up.
  const id =
    deps.keeper.snapshot.organizationId === ''
      ? (await createFirstAdministrator(deps, origin, { name, email, password, language: 'en' }, [])).userId
      : (await createUser(deps, { actor: system, origin }, { email, name, role, password })).person.userId;
  const actor = deps.keeper.snapshot.actorOf(id, 'session');
  if (!actor) throw new Error(`${name} did not move in`);
  const { text } = await createToken(deps, { actor, origin }, { name: 'test', expiresAtMs: null });
  return { id, email, password, token: text, actor };
}

async function foundWorkspace(deps: HouseDeps, name: string, members: [Resident, WorkspaceRole][]): Promise<string> {
  const [first] = members;
  if (!first) throw new Error('a workspace needs a member');
  const caller = { actor: first[0].actor, origin };
  const { id } = await createWorkspace(deps, caller, name);
  const steps = members.map(([{ id: userId }, role]) => putMember(deps.database, { workspaceId: id, userId, role }, deps.clock.nowMs()));
  await commit(deps, caller, steps, {
    action: 'workspace.member',
    subjectType: 'workspace',
    subjectId: id,
    subjectName: name,
    owner: null,
  });
  return id;
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const dataDir = freshDir('house');
  const logged: string[] = [];
  const clock = options.clock ?? systemClock;
  const log = createLog('warn', { write: (line) => void logged.push(line) });
  const started = await startHouse(settingsOf(options, dataDir), {
    clock,
    ids: createIds(clock),
    log,
    isChecking: options.isChecking ?? false,
    ...(options.timeouts ? { timeouts: options.timeouts } : {}),
    ...(pagesDir === undefined ? {} : { pagesDir }),
  });
  const { url, deps } = started;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await started.close({ isHurried: true });
    rmSync(dataDir, { recursive: true, force: true });
  };
  afterThisFile(() => (closing ??= close()));

  return {
    url,
    deps,
    database: deps.database,
    logged,
    request: (method, path, sent) => send(url, method, path, sent),
    createResident: (name, role = 'user') => moveIn(deps, name, role),
    createWorkspace: (name, members) => foundWorkspace(deps, name, members),
    async signIn(person) {
      const reply = await send(url, 'POST', '/api/auth/sign-in/email', { body: { email: person.email, password: person.password } });
      if (reply.status !== 200) throw new Error(`sign-in answered ${reply.status}: ${reply.text}`);
      return cookieOf(reply);
    },
    newSetupToken: () => newSetupToken(deps),
    dataDir,
    close: () => (closing ??= close()),
  };
}
