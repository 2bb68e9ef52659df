/** Wires alerts: what judges them, what sends them, and what an instance sees of its own machine. */
import { statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { AlertSendRoom } from '../control/alert-channels.ts';
import type { LocalState } from '../control/alert-readings.ts';
import type { AlertRoom } from '../control/alerts.ts';
import { ensureDefaultRules } from '../control/default-alert-rules.ts';
import type { GatewayDeps } from '../gateway/order.ts';
import { keepAlertPost } from '../jobs/deliver-alerts.ts';
import { sendAlert } from '../jobs/send-alert.ts';
import { keepAlertWatch, type AlertWatch } from '../jobs/watch-alerts.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../storage/database.ts';
import type { HealthBook } from './health.ts';
import type { Live } from './live.ts';
import type { Settings } from './settings.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';

export interface AlertParts extends Pick<GatewayDeps, 'vault' | 'egress' | 'journal' | 'prices' | 'clock' | 'ids' | 'log'> {
  database: Database;
  keeper: OwnedKeeper;
  live: Pick<Live, 'own'>;
  healthBook: Pick<HealthBook, 'keeper'>;
  settings: Pick<Settings, 'dataDir' | 'publicUrl' | 'host' | 'port'>;
}

type Rooms = Pick<AlertSendRoom, 'sendAlert' | 'alertPageUrl'> & Pick<AlertRoom, 'alertsChanged'>;

/** What faces and tests are handed of it. */
export type AlertRooms = Rooms & Pick<AlertSendRoom, 'judgeUrl'> & { alertWatch: AlertWatch };

export interface OwnedAlerts extends Rooms {
  watch: AlertWatch;
  close(): Promise<void>;
}

/** A database that takes longer than this to answer one word is as good as away. */
const pingTimeoutMs = 5_000;

export async function openAlerts(parts: AlertParts): Promise<OwnedAlerts> {
  const { database, keeper, clock, ids, log, settings, journal, live, healthBook } = parts;
  await ensureDefaultRules(parts).catch((error: unknown) =>
    log.warn({ err: error }, 'the default alert rules could not be made; tried again at the next start'),
  );
  const base = (settings.publicUrl ?? `http://${settings.host}:${settings.port}`).replace(/\/$/, '');
  const pageUrl = (): string => `${base}/alerts`;
  const sending = { ...parts, pageUrl };
  const post = keepAlertPost(sending);
  const local = async (): Promise<LocalState> => ({
    diskFreePercent: await freePercent(settings.dataDir),
    databaseMs: await ping(database, clock),
    instance: journal.instanceId,
    instanceName: hostname(),
  });
  const tell: Parameters<typeof keepAlertWatch>[0]['tell'] = ({ id, owner }) =>
    live.own.publish({
      name: 'alert.changed',
      data: { id },
      audience: owner.scope === 'organization' ? { administrators: true } : { owners: [owner] },
    });
  const watch = keepAlertWatch({ ...sending, runId: ids.uuid(), local, post, tell });
  // A new rule, or one that says something else, is looked at soon.
  keeper.onApplied(({ alerting }) => {
    if (alerting && alerting.rules.length > 0) watch.nudge();
  });
  healthBook.keeper.onTurned(() => watch.nudge());
  return {
    watch,
    sendAlert: (channel, letter) => sendAlert(parts, channel, letter),
    alertPageUrl: pageUrl,
    alertsChanged: () => void watch.tellChanges(),
    close: () => watch.close(),
  };
}

/** Free space where the data directory lies, percent; null where the system does not say. */
async function freePercent(dataDir: string): Promise<number | null> {
  try {
    const { bavail, blocks } = await statfs(dataDir);
    return blocks > 0 ? (bavail / blocks) * 100 : null;
  } catch {
    return null;
  }
}

/** How long the database takes for one word, ms; null where it does not answer. */
async function ping({ driver }: Database, clock: Clock): Promise<number | null> {
  if (!driver.isHealthy()) return null;
  const startedMs = clock.monotonicMs();
  const late = Promise.withResolvers<null>();
  const timer = clock.after(pingTimeoutMs, () => late.resolve(null));
  try {
    const asked = driver.rows({ sql: 'SELECT 1 AS one', params: [] }).then(() => clock.monotonicMs() - startedMs);
    return await Promise.race([asked, late.promise]);
  } catch {
    return null;
  } finally {
    timer.cancel();
  }
}
