/** The rooms that faces are handed, from what was opened. */
import path from 'node:path';
import type { Registry } from 'prom-client';
import { createAuth, type AuthSecret } from '../control/people/auth.ts';
import { moveFactors } from '../control/people/factor-secrets.ts';
import { createPasswords } from '../control/people/passwords.ts';
import { createRefusedAccessNotes } from '../control/people/refused-access.ts';
import type { SeenSessions } from '../control/people/seen-sessions.ts';
import { createSignInLimit } from '../control/people/sign-in-limit.ts';
import { createUsedCodes } from '../control/people/used-codes.ts';
import { createUsageCache } from '../control/usage-cache.ts';
import { defaultPolicy, explicitPolicy } from '../egress/allow.ts';
import type { Egress } from '../egress/egress.ts';
import { judgeUrl, policyNames, portOf } from '../egress/guard.ts';
import { checkTargetUrl } from '../egress/url.ts';
import { auditText } from '../faces/audit/dialect.ts';
import { requestText } from '../faces/requests/export.ts';
import type { GatewayDeps } from '../gateway/order.ts';
import { createLocalModels } from '../gateway/local-models.ts';
import { createProbe } from '../gateway/probe.ts';
import type { ConnectionChecks } from '../jobs/check-connections.ts';
import type { Feeder } from '../jobs/feed-ledger.ts';
import type { CaptureKeeper } from '../jobs/keep-captures.ts';
import type { ViolationKeeper } from '../jobs/keep-violations.ts';
import type { Journal } from '../journal/journal.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Database } from '../storage/database.ts';
import type { OwnedAlerts } from './alerts.ts';
import type { KeyUses } from './key-uses.ts';
import type { OwnedLimits } from './limits.ts';
import type { Live } from './live.ts';
import type { OwnAddress } from './gateway-deps.ts';
import { opsOf } from './ops.ts';
import type { Settings } from './settings.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';
import type { Valkey } from '../valkey/valkey.ts';
import type { Vault } from '../vault/vault.ts';
import type { HouseIo, Rooms } from './house.ts';
import { otherDoors } from './worker.ts';

/** What keys of sessions and second factors are derived under. */
export const sessionsLabel = 'sessions';

/** The operator's list of private targets, or the local model ports. */
export const policyOf = (settings: Settings) => (settings.egressAllow === null ? defaultPolicy() : explicitPolicy(settings.egressAllow));

/** Longest that a page waits for the newest entries; a database that is busy shows them a moment later. */
const catchUpMs = 500;

async function catchUpBooks(feeder: Feeder, journal: Journal, clock: Clock): Promise<void> {
  journal.flush();
  if (feeder.lagRecords() > 0) await Promise.race([feeder.feed(), pause(clock, catchUpMs)]);
}

/** The snapshot's keeper here is the one that follows the database. */
type OwnedGateway = GatewayDeps & { keeper: OwnedKeeper };

export interface Parts {
  found: ViolationKeeper;
  contents: CaptureKeeper;
  settings: Settings;
  io: HouseIo;
  database: Database;
  keeper: OwnedKeeper;
  gateway: GatewayDeps;
  feeder: Feeder;
  egress: Egress;
  keyUses: KeyUses;
  schema: number;
  valkey: Valkey | null;
  vault: Vault;
  authSecrets: readonly AuthSecret[];
  seenSessions: SeenSessions;
  own: OwnAddress;
  live: Live;
  limits: OwnedLimits;
  alerts: OwnedAlerts;
  checks: ConnectionChecks;
  registry: Registry;
}

/** Who may come in, and from which origins. */
function doorOf({ settings, io, database, keeper, vault, authSecrets, seenSessions, own }: Parts) {
  const { ids, log } = io;
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
  // An instance that starts during a rotation moves second factors to the new key; until this one starts again it must read them there.
  const known = new Set(authSecrets.map(({ version }) => version));
  const learnSecrets = (): void => {
    for (const version of vault.masterVersions()) {
      if (known.has(version)) continue;
      known.add(version);
      void auth.learnSecret({ version, bytes: vault.labelled(version, sessionsLabel) });
    }
  };
  learnSecrets();
  keeper.onApplied(learnSecrets);
  return {
    auth,
    sessions: auth,
    passwords,
    isOwnOrigin: (origin: string, host: string | undefined) =>
      origin === publicOrigin || origin === own.url || (host !== undefined && URL.parse(origin)?.host === host),
  };
}

/** Where requests may go, by the operator's list and by what is built in. */
function waysOutOf(settings: Settings) {
  const policy = policyOf(settings);
  return {
    checkTargetUrl: (text: string) => checkTargetUrl(text, policy),
    isAllowListed: (url: URL) => policyNames(policy, url.hostname, portOf(url)),
    judgeUrl: (url: URL, trust: 'administrator' | 'member') => judgeUrl(policy, trust, url),
  };
}

/** Everything that a face may be handed, apart from what the system page reads. */
export function roomsOf(parts: Parts): Rooms {
  const { settings, io, database, keeper, gateway, feeder, egress, keyUses, schema, valkey, authSecrets, live, limits, registry, alerts } =
    parts;
  const { clock, ids, log } = io;
  /** How often past entries were priced anew here. */
  let repriced = 0;
  const deps = {
    database,
    found: parts.found,
    contents: parts.contents,
    ...doorOf(parts),
    ...waysOutOf(settings),
    retentionDays: settings.retentionDays,
    events: live.events,
    tasks: live.tasks,
    checks: parts.checks,
    alertWatch: alerts.watch,
    sendAlert: alerts.sendAlert,
    alertPageUrl: alerts.alertPageUrl,
    alertsChanged: alerts.alertsChanged,
    limitUse: limits.limitUse,
    recallLimits: limits.recall,
    booksChanged: () => {
      repriced += 1;
      gateway.limits.reread();
    },
    limitEvents: limits.limitEvents,
    probe: createProbe(gateway),
    localModels: createLocalModels(gateway),
    isDemoOffered: settings.isDemoOffered,
    environmentNamed: settings.isEnvironmentOffered ? settings.environment : null,
    signInLimit: createSignInLimit(clock, io.worker && otherDoors(io.worker.others)),
    usedCodes: createUsedCodes(database, clock),
    moveFactors: (userId: string) => moveFactors({ database, log }, authSecrets, userId),
    uploadsDir: path.join(settings.dataDir, 'uploads'),
    importsDir: path.join(settings.dataDir, 'imports'),
    exportTexts: { requests: requestText, audit: auditText },
    trustedProxies: settings.trustedProxies,
    noteRefusedAccess: createRefusedAccessNotes({ database, clock, ids, log }),
    usedKeys: keyUses,
    books: { catchUp: () => catchUpBooks(feeder, gateway.journal, clock) },
    usageCache: createUsageCache(clock, () => `${feeder.fedUpTo()}/${repriced}`),
    ops: opsOf({ database, keeper, gateway, feeder, egress, schema, registry, valkey, others: io.worker?.others }),
  };
  // The demo's address is known only once the server listens: it stays a getter.
  const gatewayParts = Object.getOwnPropertyDescriptors(gateway);
  return Object.defineProperties(deps, gatewayParts) as typeof deps & OwnedGateway;
}
