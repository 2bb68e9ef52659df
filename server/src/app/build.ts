/** Wires the house: one plain object of dependencies, built in the order of the layers. Nothing listens yet. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createAuth, type AuthSecret } from '../control/people/auth.ts';
import type { PeopleDeps } from '../control/people/deps.ts';
import { moveFactors } from '../control/people/factor-secrets.ts';
import { createPasswords } from '../control/people/passwords.ts';
import { createRefusedAccessNotes } from '../control/people/refused-access.ts';
import { keepSeenSessions, type SeenSessions } from '../control/people/seen-sessions.ts';
import { createSignInLimit } from '../control/people/sign-in-limit.ts';
import { createUsedCodes } from '../control/people/used-codes.ts';
import type { AiSettingsDeps } from '../control/ai-settings.ts';
import type { FindingsDeps } from '../control/policy-findings.ts';
import type { UsageDeps } from '../control/usage.ts';
import { defaultPolicy, explicitPolicy } from '../egress/allow.ts';
import { createEgress, type Egress } from '../egress/egress.ts';
import { judgeUrl, policyNames, portOf } from '../egress/guard.ts';
import { checkTargetUrl } from '../egress/url.ts';
import type { OpenAiFaceDeps } from '../faces/openai/deps.ts';
import type { OpsDeps } from '../faces/ops/routes.ts';
import { createHealth } from '../gateway/health.ts';
import { createAnswerCache } from '../gateway/answer-cache.ts';
import { createModelLists } from '../gateway/model-lists.ts';
import type { GatewayDeps } from '../gateway/order.ts';
import type { LocalModelDeps } from '../control/local-models.ts';
import { createLocalModels } from '../gateway/local-models.ts';
import { createProbe } from '../gateway/probe.ts';
import { endedShownMs } from '../domain/access-key.ts';
import { requestsInFlight } from '../gateway/admit.ts';
import type { Feeder } from '../jobs/feed-ledger.ts';
import type { ViolationKeeper } from '../jobs/keep-violations.ts';
import type { Journal } from '../journal/journal.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { Secret } from '../lib/secret.ts';
import { createPriceBook } from '../providers/prices.ts';
import { createDatabase, type Database } from '../storage/database.ts';
import type { Driver } from '../storage/driver.ts';
import { migrate } from '../storage/migrate.ts';
import { openDriver } from '../storage/open.ts';
import { lockFile } from '../storage/sqlite/lock.ts';
import { ensurePartitions } from '../storage/partitions.ts';
import { deriveLabel } from '../vault/keys.ts';
import { openBesides, openBooks, type Opened } from './books.ts';
import type { KeyUses } from './key-uses.ts';
import { loadVault } from './master-key.ts';
import { openLimits, type OwnedLimits } from './limits.ts';
import { openLive, type Live } from './live.ts';
import { createMetrics } from './metrics.ts';
import type { Settings } from './settings.ts';
import { keepSnapshot, type OwnedKeeper } from './snapshot-keeper.ts';

export interface HouseIo {
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Shorter limits for tests. */
  timeouts?: Partial<GatewayDeps['timeouts']>;
}

/** Everything that a face may be handed. */
export type HouseDeps = PeopleDeps &
  OpsDeps &
  OpenAiFaceDeps &
  UsageDeps &
  Pick<AiSettingsDeps, 'environmentNamed'> &
  Pick<FindingsDeps, 'found'> &
  Pick<Live, 'events' | 'tasks'> &
  Pick<OwnedLimits, 'limitUse' | 'limitEvents'> & { recallLimits: OwnedLimits['recall'] } & Pick<LocalModelDeps, 'localModels'>;

export interface House {
  deps: HouseDeps;
  settings: Settings;
  database: Database;
  feeder: Feeder;
  /** Set once the address is known; the demo provider lives at it. */
  setOwnUrl(url: string): void;
  demoKey: string;
  close(): Promise<void>;
}

const houseTimeouts: GatewayDeps['timeouts'] = {
  headersMs: 60_000,
  firstEventMs: 120_000,
  idleMs: 60_000,
  totalMs: 900_000,
  heartbeatMs: 15_000,
  readerMs: 120_000,
};
const demoKeyBytes = 32;
const partitionsPeriodMs = 6 * 3_600_000;
const tidyPeriodMs = 60_000;

/** Opens what is kept and builds what works on it. Rejects with the start errors of the layers; then nothing stays open. */
export async function buildHouse(settings: Settings, io: HouseIo): Promise<House> {
  const { clock, ids, log } = io;
  const opened: Opened = [];
  try {
    if (settings.databaseUrl !== null) opened.push(lockJournal(settings.dataDir));
    const driver = await openDriver({ databaseUrl: settings.databaseUrl, dataDir: settings.dataDir, clock, log });
    opened.push(() => driver.close());
    const schema = await migrate(driver, { clock, log });
    await ensurePartitions(driver, clock.nowMs());
    opened.push(keepPartitions(driver, io));
    const database = createDatabase(driver);
    const { vault, masters } = await loadVault({ database, settings, ids, clock, log });
    const keeper = await keepSnapshot({ database, clock, log });
    opened.push(() => keeper.close());
    const { journal, feeder } = openBooks(settings.dataDir, database, io, opened);
    const live = openLive({ database, keeper, clock, ids, log });
    const egress = createEgress({ policy: policyOf(settings), clock });
    opened.push(() => egress.destroy());
    const { keyUses, found } = openBesides({ database, clock, log }, opened);
    const own: OwnAddress = { url: '', demoEgress: null };
    opened.push(() => own.demoEgress?.destroy());
    const demoKey = Buffer.from(ids.bytes(demoKeyBytes)).toString('base64url');
    const limits = openLimits({ database, journal, feeder, keeper, clock, ids, log, live });
    opened.push(() => limits.close());
    const gateway = gatewayOf({ settings, io, keeper, vault, egress, journal, demoKey, own, live, limits, found });
    // Closed before what its tasks use.
    opened.push(() => live.close());
    keeper.onChanged((changed) => changed.forEach((id) => gateway.health.forget(id)));
    // Sessions are signed by the oldest key that still opens: a new master key signs nobody out, retiring an old one does.
    const authSecrets = masters.map((master) => ({ version: master.version, bytes: deriveLabel(master, 'sessions') }));
    await moveFactors({ database, log }, authSecrets);
    const seenSessions = keepSeenSessions({ database, clock, log });
    opened.push(() => seenSessions.close());
    opened.push(keepTidy(keeper, gateway, clock));
    const deps = depsOf({
      settings,
      io,
      database,
      keeper,
      gateway,
      feeder,
      egress,
      keyUses,
      schema,
      authSecrets,
      seenSessions,
      own,
      live,
      limits,
      found,
    });
    return {
      deps,
      settings,
      database,
      feeder,
      demoKey,
      setOwnUrl(url) {
        own.url = url;
        if (settings.isDemoOffered) own.demoEgress = createEgress({ policy: explicitPolicy(new URL(url).host), clock });
      },
      close: () => closeAll(opened),
    };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** A server that runs for months needs the partitions of months to come: rows that find none can never be moved into theirs. */
function keepPartitions(driver: Driver, { clock, log }: HouseIo): () => void {
  const timer = clock.every(partitionsPeriodMs, () => {
    ensurePartitions(driver, clock.nowMs()).catch((error: unknown) =>
      log.warn({ err: error }, 'partitions of coming months could not be made; tried again later'),
    );
  });
  return () => timer.cancel();
}

/** Keys that ended and windows that are empty leave memory now and then; nothing of them can matter any more. */
function keepTidy(keeper: OwnedKeeper, gateway: GatewayDeps, clock: Clock): () => void {
  const timer = clock.every(tidyPeriodMs, () => {
    keeper.snapshot.forgetExpired(clock.nowMs() - endedShownMs);
    gateway.limits.sweep();
  });
  return () => timer.cancel();
}

/** One process per journal. The embedded database holds this lock by itself; beside PostgreSQL it is taken here. */
function lockJournal(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockFile(path.join(dataDir, 'patchbay.lock'));
  return () => lock.release();
}

/** In the reverse order of opening: what was built on others ends first. One that fails leaves none of the others open. */
async function closeAll(opened: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of opened.toReversed()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

const policyOf = (settings: Settings) => (settings.egressAllow === null ? defaultPolicy() : explicitPolicy(settings.egressAllow));

/** Known once the server listens. */
interface OwnAddress {
  url: string;
  /** Leads to this process's own demo provider and nowhere else. */
  demoEgress: Egress | null;
}

interface GatewayParts {
  found: ViolationKeeper;
  settings: Settings;
  io: HouseIo;
  keeper: OwnedKeeper;
  vault: GatewayDeps['vault'];
  egress: Egress;
  journal: Journal;
  demoKey: string;
  own: OwnAddress;
  live: Live;
  limits: OwnedLimits;
}

function gatewayOf({ settings, io, keeper, vault, egress, journal, demoKey, own, live, limits, found }: GatewayParts): GatewayDeps {
  const demoSecret = new Secret(demoKey);
  return {
    keeper,
    vault,
    egress,
    journal,
    clock: io.clock,
    ids: io.ids,
    log: io.log,
    prices: createPriceBook({ clock: io.clock, own: (...which) => keeper.snapshot.prices.at(...which) }),
    health: createHealth(io.clock, (...turned) => live.onHealthTurned(...turned)),
    limits: limits.limits,
    answers: createAnswerCache(io.clock),
    violations: found,
    modelLists: createModelLists(io.clock),
    timeouts: { ...houseTimeouts, ...io.timeouts },
    // The switch of the page takes effect with the next request; the operator's own word goes before it.
    get environment() {
      return settings.isEnvironmentOffered && keeper.snapshot.aiSettings.isEnvironmentUsed ? settings.environment : null;
    },
    get demo() {
      return own.demoEgress ? { baseUrl: `${own.url}/demo/v1`, secret: demoSecret, egress: own.demoEgress } : null;
    },
  };
}

/** Longest that a page waits for the newest entries; a database that is busy shows them a moment later. */
const catchUpMs = 500;

async function catchUpBooks(feeder: Feeder, journal: Journal, clock: Clock): Promise<void> {
  journal.flush();
  if (feeder.lagRecords() > 0) await Promise.race([feeder.feed(), pause(clock, catchUpMs)]);
}

/** The snapshot's keeper here is the one that follows the database. */
type OwnedGateway = GatewayDeps & { keeper: OwnedKeeper };

interface Parts {
  found: ViolationKeeper;
  settings: Settings;
  io: HouseIo;
  database: Database;
  keeper: OwnedKeeper;
  gateway: GatewayDeps;
  feeder: Feeder;
  egress: Egress;
  keyUses: KeyUses;
  schema: number;
  authSecrets: readonly AuthSecret[];
  seenSessions: SeenSessions;
  own: OwnAddress;
  live: Live;
  limits: OwnedLimits;
}

/** What operators ask: whether it serves, and its figures. */
function opsOf({
  database,
  keeper,
  gateway,
  feeder,
  egress,
  schema,
}: Pick<Parts, 'database' | 'keeper' | 'gateway' | 'feeder' | 'egress' | 'schema'>) {
  const ledgerLagRecords = (): number => feeder.lagRecords();
  const journalUnfedBytes = (): number => gateway.journal.unfedBytes();
  const configRevision = (): number => keeper.snapshot.revision;
  const isDatabaseHealthy = (): boolean => database.driver.isHealthy();
  const openSockets = (): number => egress.openSockets();
  const metrics = createMetrics({ requestsInFlight, ledgerLagRecords, journalUnfedBytes, openSockets, configRevision, isDatabaseHealthy });
  return {
    state: () => ({
      isReady: feeder.isCaughtUp() || !isDatabaseHealthy(),
      engine: database.driver.engine,
      schema,
      configRevision: configRevision(),
      isDatabaseHealthy: isDatabaseHealthy(),
      ledgerLagRecords: ledgerLagRecords(),
      journalUnfedBytes: journalUnfedBytes(),
    }),
    metrics: () => metrics.text(),
  };
}

function depsOf({
  found,
  settings,
  io,
  database,
  keeper,
  gateway,
  feeder,
  egress,
  keyUses,
  schema,
  authSecrets,
  seenSessions,
  own,
  live,
  limits,
}: Parts): HouseDeps {
  const { clock, ids, log } = io;
  const policy = policyOf(settings);
  const passwords = createPasswords(ids);
  const publicUrl = settings.publicUrl ?? `http://${settings.host}:${settings.port}`;
  // A page's origin has no path, whatever the public address has.
  const publicOrigin = settings.publicUrl === null ? null : new URL(settings.publicUrl).origin;
  const auth = createAuth({
    database,
    keeper,
    passwords,
    ids,
    log,
    noteSeen: (...seen) => seenSessions.note(...seen),
    secrets: authSecrets,
    publicUrl,
  });
  const deps = {
    database,
    found,
    events: live.events,
    tasks: live.tasks,
    limitUse: limits.limitUse,
    recallLimits: limits.recall,
    booksChanged: () => gateway.limits.reread(),
    limitEvents: limits.limitEvents,
    probe: createProbe(gateway),
    localModels: createLocalModels(gateway),
    checkTargetUrl: (text: string) => checkTargetUrl(text, policy),
    isAllowListed: (url: URL) => policyNames(policy, url.hostname, portOf(url)),
    judgeUrl: (url: URL, trust: 'administrator' | 'member') => judgeUrl(policy, trust, url),
    isDemoOffered: settings.isDemoOffered,
    environmentNamed: settings.isEnvironmentOffered ? settings.environment : null,
    auth,
    sessions: auth,
    passwords,
    signInLimit: createSignInLimit(clock),
    usedCodes: createUsedCodes(clock),
    moveFactors: (userId: string) => moveFactors({ database, log }, authSecrets, userId),
    uploadsDir: path.join(settings.dataDir, 'uploads'),
    isOwnOrigin: (origin: string, host: string | undefined) =>
      origin === publicOrigin || origin === own.url || (host !== undefined && URL.parse(origin)?.host === host),
    trustedProxies: settings.trustedProxies,
    noteRefusedAccess: createRefusedAccessNotes({ database, clock, ids, log }),
    usedKeys: keyUses,
    books: { catchUp: () => catchUpBooks(feeder, gateway.journal, clock) },
    ops: opsOf({ database, keeper, gateway, feeder, egress, schema }),
  };
  // The demo's address is known only once the server listens: it stays a getter.
  const gatewayParts = Object.getOwnPropertyDescriptors(gateway);
  return Object.defineProperties(deps, gatewayParts) as typeof deps & OwnedGateway;
}
