/** Opens what knows how connections are doing: what keeps it, what checks them by the clock, and what tells open pages of it. */
import { isIll, type HealthTurn } from '../domain/health.ts';
import { createChecker } from '../gateway/check.ts';
import { createHealth, telling, type Health } from '../gateway/health.ts';
import type { GatewayDeps } from '../gateway/order.ts';
import { checkConnections, type ConnectionChecks } from '../jobs/check-connections.ts';
import { followHealth } from '../jobs/follow-health.ts';
import { keepHealth, type HealthKeeper } from '../jobs/keep-health.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import { isoOf } from '../lib/iso-time.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import type { Valkey } from '../valkey/valkey.ts';
import type { Live } from './live.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';
import { hearRests, tellingRests } from './valkey.ts';

interface HealthParts {
  database: Database;
  keeper: OwnedKeeper;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export interface HealthBook {
  keeper: HealthKeeper;
  /** What only the order of candidates follows: a check tells it, and is no traffic. */
  plain: Health;
  /** The gateway's: the same, and what attempts tell is counted. */
  told: Health;
  close(): Promise<void>;
}

/** What traffic tells is kept from the first request on; pages of every instance hear of every turn. */
export function openHealth({
  keeper,
  live,
  valkey = null,
  ...parts
}: HealthParts & { live: Pick<Live, 'own' | 'onHealthTurned'>; valkey?: Valkey | null }): HealthBook {
  const health = keepHealth({ ...parts, isKnown: (id) => keeper.snapshot.connections.has(id) });
  const tell = ({
    connectionId: id,
    model,
    to,
    sinceMs,
    fault,
  }: Pick<HealthTurn, 'connectionId' | 'model' | 'to' | 'sinceMs' | 'fault'>) => {
    const owner = keeper.snapshot.connections.get(id)?.owner;
    if (!owner) return;
    const data = { id, isResting: isIll(to), state: to, since: isoOf(sinceMs), reason: fault, ...(model === '' ? {} : { model }) };
    live.own.publish({ name: 'connection.health', data, audience: { owners: [owner] } });
  };
  health.onTurned(tell);
  const following = followHealth({ ...parts, health, onTurned: tell });
  const plain = createHealth(parts.clock, {
    onTurned: (...turned) => live.onHealthTurned(...turned),
    ...(valkey && tellingRests(valkey, keeper)),
  });
  if (valkey) hearRests(valkey, plain, keeper);
  return {
    keeper: health,
    plain,
    told: telling(plain, health),
    async close() {
      following.close();
      await health.close();
    },
  };
}

export const openChecks = (
  gateway: GatewayDeps,
  { keeper: health, plain }: HealthBook,
  { isChecking = true, ...parts }: HealthParts & { isChecking?: boolean },
): ConnectionChecks => checkConnections({ ...parts, checker: createChecker(gateway, plain), health, isScheduled: isChecking });
