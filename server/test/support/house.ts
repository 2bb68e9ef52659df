/** A whole house for tests: a real database in a folder of its own, a real server on 127.0.0.1, and people who live in it. */
import { rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createFirstAdministrator, newSetupToken } from '../../src/control/people/setup.ts';
import { createAuth } from '../../src/control/people/auth.ts';
import type { PeopleDeps } from '../../src/control/people/deps.ts';
import { createPasswords } from '../../src/control/people/passwords.ts';
import { createRefusedAccessNotes } from '../../src/control/people/refused-access.ts';
import { createSignInLimit } from '../../src/control/people/sign-in-limit.ts';
import { createUser } from '../../src/control/people/users.ts';
import { createToken } from '../../src/control/personal-tokens.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import type { EnvironmentConnection, SnapshotKeeper } from '../../src/control/deps.ts';
import type { Actor, Origin, OrganizationRole, WorkspaceRole } from '../../src/domain/owner.ts';
import { Snapshot } from '../../src/domain/snapshot.ts';
import { defaultPolicy } from '../../src/egress/allow.ts';
import { checkTargetUrl } from '../../src/egress/url.ts';
import { routes as accessKeyRoutes } from '../../src/faces/access-keys/routes.ts';
import { routes as authRoutes } from '../../src/faces/auth/routes.ts';
import { addRoutes, createPlane, type PlaneDeps } from '../../src/faces/kit/plane.ts';
import type { Route } from '../../src/faces/kit/route.ts';
import { routes as meRoutes } from '../../src/faces/me/routes.ts';
import { routes as workspaceRoutes } from '../../src/faces/workspaces/routes.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { openDriver } from '../../src/storage/open.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { putMember } from '../../src/storage/workspaces.ts';
import { commit } from '../../src/control/change.ts';
import { deriveLabel } from '../../src/vault/keys.ts';
import { createVault } from '../../src/vault/vault.ts';
import { freshDir } from './throwaway.ts';

export type HouseDeps = PeopleDeps & PlaneDeps;

/** Every route that this house serves, by face. */
export const registry: readonly Route<HouseDeps>[] = [...authRoutes, ...meRoutes, ...accessKeyRoutes, ...workspaceRoutes];

export interface HouseOptions {
  /** A PostgreSQL database; without it the embedded one. */
  databaseUrl?: string;
  clock?: Clock;
  publicUrl?: string;
  environment?: EnvironmentConnection;
  isDemoOffered?: boolean;
  trustedProxies?: string[];
}

export interface Reply {
  status: number;
  headers: Headers;
  /** The parsed body; undefined where there was none. */
  body: Json;
  text: string;
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
  request(method: string, path: string, sent?: Sent): Promise<Reply>;
  /** A person with a personal token, made without the front door. */
  createResident(name: string, role?: OrganizationRole): Promise<Resident>;
  createWorkspace(name: string, members: [Resident, WorkspaceRole][]): Promise<string>;
  /** Signs in through the front door; the Cookie header of what came back. */
  signIn(person: { email: string; password: string }): Promise<string>;
  /** A set-up link's token, as the start prints it; null once the set-up is done. */
  newSetupToken(): Promise<string | null>;
  close(): Promise<void>;
}

export const origin: Origin = { requestId: '00000000-0000-7000-8000-000000000000', address: '127.0.0.1', agent: 'test' };
const password = 'a long enough password';

function createKeeper(database: () => Database): SnapshotKeeper {
  const snapshot = new Snapshot();
  let last: Promise<void> = Promise.resolve();
  return {
    snapshot,
    catchUp(revision) {
      last = last.then(async () => {
        if (snapshot.revision < revision || revision === 0) snapshot.apply(await loadDelta(database(), snapshot.revision));
      });
      return last;
    },
  };
}

async function buildDeps(options: HouseOptions, dataDir: string, logged: string[]): Promise<HouseDeps> {
  const clock = options.clock ?? systemClock;
  const ids = createIds(clock);
  const log = createLog('warn', { write: (line) => void logged.push(line) });
  const driver = await openDriver({ databaseUrl: options.databaseUrl ?? null, dataDir, clock, log });
  await migrate(driver, { clock, log });
  const database = createDatabase(driver);
  const keeper = createKeeper(() => database);
  await keeper.catchUp(0);
  const master = { version: 1, bytes: ids.bytes(32) };
  const passwords = createPasswords(ids);
  const publicUrl = options.publicUrl ?? 'http://127.0.0.1';
  const auth = createAuth({ database, keeper, passwords, ids, log, secret: deriveLabel(master, 'sessions'), publicUrl });
  const noGateway = (): never => {
    throw new Error('this house has no gateway');
  };
  return {
    database,
    keeper,
    vault: createVault([master], ids),
    probe: { test: noGateway, models: noGateway },
    clock,
    ids,
    log,
    checkTargetUrl: (text) => checkTargetUrl(text, defaultPolicy()),
    isAllowListed: () => false,
    environment: options.environment ?? null,
    isDemoOffered: options.isDemoOffered ?? false,
    auth,
    sessions: auth,
    passwords,
    signInLimit: createSignInLimit(clock),
    isOwnOrigin: (text, host) => URL.parse(text)?.host === host || text === publicUrl,
    trustedProxies: options.trustedProxies ?? [],
    noteRefusedAccess: createRefusedAccessNotes({ database, clock, ids, log }),
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
  const parsed: unknown = text === '' ? undefined : JSON.parse(text);
  return { status: answer.status, headers: answer.headers, body: parsed as Json, text, at: (place) => textAt(parsed, place) };
}

function textAt(value: unknown, path: string): string {
  let found = value;
  for (const step of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[step];
  if (typeof found !== 'string') throw new Error(`no text at ${path} of ${JSON.stringify(value)}`);
  return found;
}

/** The Cookie header that a browser would send after these Set-Cookie lines. */
export const cookieOf = (reply: Reply): string => reply.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const dataDir = freshDir('house');
  const logged: string[] = [];
  const deps = await buildDeps(options, dataDir, logged);
  const app = createPlane(deps);
  addRoutes(app, deps, registry);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

  async function createResident(name: string, role: OrganizationRole = 'user'): Promise<Resident> {
    const email = `${name.toLowerCase()}@example.org`;
    const system: Actor = { userId: deps.ids.uuid(), email, name, role: 'administrator', organizationId: '', workspaces: new Map(), language: 'en', via: 'system' };
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

  return {
    url,
    deps,
    database: deps.database,
    logged,
    request: (method, path, sent) => send(url, method, path, sent),
    createResident,
    async createWorkspace(name, members) {
      const [first] = members;
      if (!first) throw new Error('a workspace needs a member');
      const caller = { actor: first[0].actor, origin };
      const { id } = await createWorkspace(deps, caller, name);
      const steps = members.map(([{ id: userId }, role]) => putMember(deps.database, { workspaceId: id, userId, role }, deps.clock.nowMs()));
      await commit(deps, caller, steps, { action: 'workspace.member', subjectType: 'workspace', subjectId: id, subjectName: name, owner: null });
      return id;
    },
    async signIn(person) {
      const reply = await send(url, 'POST', '/api/auth/sign-in/email', { body: { email: person.email, password: person.password } });
      if (reply.status !== 200) throw new Error(`sign-in answered ${reply.status}: ${reply.text}`);
      return cookieOf(reply);
    },
    newSetupToken: () => newSetupToken(deps),
    async close() {
      await app.close();
      await deps.database.driver.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
