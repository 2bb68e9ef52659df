/** What operators ask: whether it serves, and its figures. */
import type { Registry } from 'prom-client';
import type { Egress } from '../egress/egress.ts';
import type { OpsState } from '../faces/ops/routes.ts';
import { requestsInFlight } from '../gateway/admit.ts';
import type { GatewayDeps } from '../gateway/order.ts';
import type { Feeder } from '../jobs/feed-ledger.ts';
import type { Database } from '../storage/database.ts';
import type { Valkey } from '../valkey/valkey.ts';
import { createMetrics } from './metrics.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';
import type { OtherWorkers } from './worker.ts';

interface OpsParts {
  database: Database;
  keeper: OwnedKeeper;
  gateway: GatewayDeps;
  feeder: Feeder;
  egress: Egress;
  schema: number;
  registry: Registry;
  valkey: Valkey | null;
  others?: OtherWorkers | undefined;
}

export function opsOf({ database, keeper, gateway, feeder, egress, schema, registry, valkey, others }: OpsParts): {
  state(): OpsState;
  metrics(): Promise<string>;
} {
  const ledgerLagRecords = (): number => feeder.lagRecords();
  const journalUnfedBytes = (): number => gateway.journal.unfedBytes();
  const configRevision = (): number => keeper.snapshot.revision;
  const isDatabaseHealthy = (): boolean => database.driver.isHealthy();
  const openSockets = (): number => egress.openSockets();
  const headroomLevels = (): Record<string, number> => gateway.headroom?.levels() ?? {};
  const measured = {
    headroomLevels,
    requestsInFlight,
    ledgerLagRecords,
    journalUnfedBytes,
    openSockets,
    configRevision,
    isDatabaseHealthy,
    ...(valkey && { isValkeyUp: () => valkey.isUp() }),
  };
  const metrics = createMetrics(measured, registry, others);
  return {
    state: () => ({
      isReady: feeder.isCaughtUp() || !isDatabaseHealthy(),
      engine: database.driver.engine,
      schema,
      configRevision: configRevision(),
      isDatabaseHealthy: isDatabaseHealthy(),
      isValkeyUp: valkey?.isUp() ?? null,
      ledgerLagRecords: ledgerLagRecords(),
      journalUnfedBytes: journalUnfedBytes(),
    }),
    metrics: () => metrics.text(),
  };
}
