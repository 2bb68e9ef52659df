/** Wires the house: one plain object of dependencies, built in the order of the layers. Nothing listens yet. */
import { repriceKind } from '../control/prices.ts';
import { moveFactors } from '../control/people/factor-secrets.ts';
import { keepSeenSessions } from '../control/people/seen-sessions.ts';
import { explicitPolicy } from '../egress/allow.ts';
import { createEgress } from '../egress/egress.ts';
import { followRepricing } from '../jobs/follow-repricing.ts';
import { createDatabase } from '../storage/database.ts';
import { migrate } from '../storage/migrate.ts';
import { openDriver } from '../storage/open.ts';
import { ensurePartitions } from '../storage/partitions.ts';
import { deriveLabel, upToCurrent } from '../vault/keys.ts';
import { openAlerts } from './alerts.ts';
import { openAuditLog } from './audit.ts';
import { openBesides, openBooks, type Opened } from './books.ts';
import { gatewayOf, type OwnAddress } from './gateway-deps.ts';
import { openChecks, openHealth } from './health.ts';
import type { House, HouseIo } from './house.ts';
import { openLimits } from './limits.ts';
import { openLive } from './live.ts';
import { followingKeys, loadVault } from './master-key.ts';
import { policyOf, roomsOf, sessionsLabel } from './rooms.ts';
import type { Settings } from './settings.ts';
import { keepSnapshot } from './snapshot-keeper.ts';
import { withSystem } from './system.ts';
import { closeAll, endCalls, keepPartitions, keepTidy, lockJournal } from './upkeep.ts';
import { valkeyOf } from './valkey.ts';
import { instanceDirOf, newDemoKey } from './worker.ts';

/** What is kept on disk and what of it is in memory: the database, the vault, the audit log, the configuration, the books. */
async function openKept(settings: Settings, io: HouseIo, opened: Opened) {
  const { clock, ids, log } = io;
  const instanceDir = instanceDirOf(settings.dataDir, io.worker?.number);
  if (settings.databaseUrl !== null) opened.push(lockJournal(instanceDir));
  const driver = await openDriver({ databaseUrl: settings.databaseUrl, dataDir: settings.dataDir, clock, log });
  opened.push(() => driver.close());
  const schema = await migrate(driver, { clock, log });
  await ensurePartitions(driver, clock.nowMs());
  opened.push(keepPartitions(driver, io));
  const database = createDatabase(driver);
  const { vault, masters } = await loadVault({ database, settings, ids, clock, log });
  const { auditWebhookUrl: webhookUrl, retentionDays } = settings;
  await openAuditLog({ database, vault, policy: policyOf(settings), webhookUrl, retentionDays, clock, ids, log }, opened);
  const keeper = await keepSnapshot({
    database,
    clock,
    log,
    beforeApplied: followingKeys({ database, vault, log }),
    others: io.worker?.others,
  });
  opened.push(() => keeper.close());
  const books = await openBooks({ instanceDir, telemetry: settings.telemetry }, database, io, opened);
  const valkey = await valkeyOf(settings, masters, io);
  opened.push(() => valkey?.close());
  return { schema, database, vault, masters, keeper, valkey, ...books };
}

/** The data plane on top of it, and what is noted beside its requests. */
function openGateway(settings: Settings, io: HouseIo, kept: Awaited<ReturnType<typeof openKept>>, opened: Opened) {
  const { clock, ids, log } = io;
  const { database, vault, keeper, journal, feeder, telemetry, valkey } = kept;
  const live = openLive({ database, keeper, clock, ids, log }, valkey);
  const healthBook = openHealth({ database, keeper, clock, ids, log, live, valkey });
  opened.push(() => healthBook.close());
  const egress = createEgress({ policy: policyOf(settings), clock });
  const { retentionDays } = settings;
  const { keyUses, found, contents } = openBesides({ database, keeper, vault, clock, ids, log, retentionDays }, opened);
  const own: OwnAddress = { url: '', demoEgress: null };
  const demoKey = io.worker?.demoKey ?? newDemoKey(ids);
  const limits = openLimits({ database, journal, feeder, keeper, clock, ids, log, live });
  opened.push(() => limits.close());
  const repricing = followRepricing({ database, clock, log, kind: repriceKind, onRepriced: () => limits.limits.reread() });
  opened.push(() => repricing.close());
  const health = healthBook.told;
  const parts = { settings, io, keeper, vault, egress, journal, telemetry, demoKey, own, limits, found, contents, health, valkey };
  const gateway = gatewayOf(parts);
  opened.push(() => endCalls({ egress, own, journal, log }));
  // Closed before what its tasks use.
  opened.push(() => live.close());
  keeper.onChanged((changed) =>
    changed.forEach((id) => {
      gateway.health.forget(id);
      gateway.headroom?.forget(id);
    }),
  );
  return { live, healthBook, egress, keyUses, found, contents, own, demoKey, limits, gateway };
}

/** Opens what is kept and builds what works on it. Rejects with the start errors of the layers; then nothing stays open. */
export async function buildHouse(settings: Settings, io: HouseIo): Promise<House> {
  const { clock, log } = io;
  const opened: Opened = [];
  try {
    const kept = await openKept(settings, io, opened);
    const { database, keeper, feeder, masters } = kept;
    const plane = openGateway(settings, io, kept, opened);
    const { gateway, healthBook, live, own, demoKey } = plane;
    // Sessions are signed by the oldest key that still opens: a new master key signs nobody out, retiring an old one does.
    const authSecrets = upToCurrent(masters).map((master) => ({ version: master.version, bytes: deriveLabel(master, sessionsLabel) }));
    await moveFactors({ database, log }, authSecrets);
    const seenSessions = keepSeenSessions({ database, clock, log });
    opened.push(() => seenSessions.close());
    opened.push(keepTidy(keeper, gateway, clock));
    const checks = openChecks(gateway, healthBook, { ...io, database, keeper });
    opened.push(() => checks.close());
    const alerts = await openAlerts({ ...gateway, database, keeper, live, healthBook, settings });
    opened.push(() => alerts.close());
    const rooms = roomsOf({ ...kept, ...plane, settings, io, authSecrets, seenSessions, checks, alerts });
    return {
      deps: withSystem(rooms, settings),
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
