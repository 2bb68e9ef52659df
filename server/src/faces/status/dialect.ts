/** The status of connections in the words of `/api`, with the reasons in the reader's language. */
import type {
  SharedStatus,
  StatusBucket,
  StatusCheck,
  StatusIncident,
  StatusRow,
  StatusSettings,
  StatusShare,
  StatusSummary,
} from '@patchbay/contract/status';
import { translate, type Language } from '@patchbay/contract/translate';
import type { Connection } from '../../domain/connection.ts';
import type { Fault } from '../../domain/errors.ts';
import type { HealthSettings } from '../../domain/health-settings.ts';
import { isIll, type HealthState } from '../../domain/health.ts';
import { lettersOf, type Stretch } from '../../domain/status-strip.ts';
import type { ConnectionStatus } from '../../control/status.ts';
import type { SharedPage } from '../../control/status-shares.ts';
import type { HeadroomBook } from '../../gateway/headroom.ts';
import { isoOf, isoOrNull } from '../../lib/iso-time.ts';
import { providerRow } from '../../providers/catalog.ts';
import { hintOf, type Hint } from '../../providers/hints.ts';
import type { HealthCheckRow, Incident } from '../../storage/health-history.ts';
import type { StoredHealth } from '../../storage/health.ts';
import type { ShareRecord } from '../../storage/status-shares.ts';

function reasonText(fault: string | null, language: Language): string | null {
  if (fault === null) return null;
  const hint: Hint | undefined = hintOf(fault as Fault);
  return translate(language, hint?.issue ?? 'hints.unknown.issue');
}

/** What a well connection once failed of is no reason of anything. */
const reasonOf = (state: HealthState, fault: string | null): string | null => (isIll(state) ? fault : null);

export function fromStatus(status: ConnectionStatus, language: Language, headroom: HeadroomBook | undefined): StatusRow {
  const { connection, health, state, pause, plan } = status;
  const reason = reasonOf(state, health?.lastFault ?? null);
  return {
    id: connection.id,
    name: connection.name,
    provider: connection.providerId,
    providerName: providerRow(connection.providerId)?.name ?? connection.providerId,
    scope: connection.owner.scope,
    isActive: connection.isActive,
    pausedAt: isoOrNull(pause?.atMs ?? null),
    pausedBy: pause?.by ?? null,
    state,
    since: isoOrNull(health?.sinceMs ?? null),
    reason,
    reasonText: reasonText(reason, language),
    vendorStatus: reason === null ? null : (health?.lastStatus ?? null),
    consecutiveFailures: health?.consecutiveFailures ?? 0,
    lastCheckedAt: isoOrNull(health?.lastCheckedAtMs ?? null),
    lastSuccessAt: isoOrNull(health?.lastSuccessAtMs ?? null),
    lastFailureAt: isoOrNull(health?.lastFailureAtMs ?? null),
    headroom: headroom?.of(connection.id)?.level ?? null,
    everySeconds: plan.everyS,
    checkBy: plan.way,
    nextCheckAt: isoOrNull(status.nextCheckAtMs),
    isStale: status.isStale,
    strip: lettersOf(status.buckets),
    uptime: status.uptime,
    p50Ms: status.p50Ms,
    p95Ms: status.p95Ms,
    models: status.models.map((row) => {
      const ill = reasonOf(row.state, row.lastFault);
      return { model: row.model, state: row.state, since: isoOf(row.sinceMs), reason: ill, reasonText: reasonText(ill, language) };
    }),
  };
}

export const fromIll = (
  { connection, health }: { connection: Connection; health: StoredHealth },
  language: Language,
): StatusSummary['ill'][number] => ({
  id: connection.id,
  name: connection.name,
  state: health.state,
  since: isoOf(health.sinceMs),
  reasonText: reasonText(health.lastFault, language),
});

export const fromIncident = (incident: Incident, names: ReadonlyMap<string, Connection>, language: Language): StatusIncident => ({
  id: incident.id,
  connectionId: incident.connectionId,
  connectionName: names.get(incident.connectionId)?.name ?? '',
  model: incident.model === '' ? null : incident.model,
  state: incident.state,
  reason: incident.fault,
  reasonText: reasonText(incident.fault, language),
  vendorStatus: incident.status,
  from: isoOf(incident.fromMs),
  until: isoOrNull(incident.untilMs),
});

export const fromStretch = ({ atMs, ...stretch }: Stretch): StatusBucket => ({ at: isoOf(atMs), ...stretch });

export const fromCheck = (check: Omit<HealthCheckRow, 'isSlow'>, language: Language): StatusCheck => ({
  id: check.id,
  at: isoOf(check.atMs),
  kind: check.kind,
  outcome: check.outcome,
  reason: check.fault,
  reasonText: reasonText(check.fault, language),
  vendorStatus: check.status,
  latencyMs: check.latencyMs,
  requestId: check.requestId,
});

export const fromSettings = ({ everyS, way, revision }: HealthSettings): StatusSettings => ({
  everySeconds: everyS,
  checkBy: way,
  revision,
});

export const fromShare = (share: ShareRecord): StatusShare => ({
  id: share.id,
  name: share.name,
  workspaceId: share.workspaceId,
  workspaceName: share.workspaceName,
  last4: share.last4,
  createdBy: share.creatorName,
  createdAt: isoOf(share.createdAtMs),
  expiresAt: isoOrNull(share.expiresAtMs),
});

/** For everybody who holds a link: a key that is refused is a connection that fails, and nobody's business beyond that. */
const sharedState = ({ connection, state }: ConnectionStatus): SharedStatus['connections'][number]['state'] => {
  if (!connection.isActive) return 'paused';
  return isIll(state) ? 'failing' : state === 'slow' || state === 'healthy' ? state : 'unknown';
};

export const fromShared = ({ title, atMs, fromMs, bucketMs, statuses }: SharedPage): SharedStatus => ({
  title,
  at: isoOf(atMs),
  from: isoOf(fromMs),
  bucketMs,
  connections: statuses.map((status) => ({
    name: status.connection.name,
    state: sharedState(status),
    since: isoOrNull(status.connection.isActive ? (status.health?.sinceMs ?? null) : null),
    strip: lettersOf(status.buckets),
    uptime: status.uptime,
    isStale: status.isStale,
  })),
});
