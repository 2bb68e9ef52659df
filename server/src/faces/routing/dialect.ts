/** Routing groups and simulations in the words of `/api`: money as decimal dollars, times as ISO 8601. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import type { routingSimulation, SimulationReportView } from '@patchbay/contract/routing-simulation';
import type { z } from 'zod';
import type { FoundGroup } from '../../control/routing-groups.ts';
import type { Connection } from '../../domain/connection.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import type { Owner } from '../../domain/owner.ts';
import type { RoutingTarget } from '../../domain/routing-group.ts';
import type { SimulationPlan } from '../../domain/simulate.ts';
import type { Percentiles, SimulationReport } from '../../domain/simulate-report.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { isoOf } from '../../lib/iso-time.ts';

export interface GroupEyes {
  snapshot: Snapshot;
  /** Whether traffic of late sends it behind the others. */
  isResting: (connectionId: string) => boolean;
  /** Whether those whose group it is may use the connection; they may have left its workspace since they chose it. */
  isWithin: (owner: Owner, connection: Connection) => boolean;
}

function targetView(
  { snapshot, isResting, isWithin }: GroupEyes,
  owner: Owner,
  target: RoutingTarget,
): RoutingGroupView['targets'][number] {
  const stored = snapshot.connections.get(target.connectionId);
  const connection = stored && isWithin(owner, stored) ? stored : undefined;
  const effectiveModel = target.model ?? connection?.model ?? null;
  const state = !connection
    ? 'gone'
    : !connection.isActive
      ? 'inactive'
      : effectiveModel === null
        ? 'no_model'
        : isResting(connection.id)
          ? 'resting'
          : 'ready';
  return {
    connectionId: target.connectionId,
    connectionName: connection?.name ?? null,
    provider: connection?.providerId ?? null,
    model: target.model,
    effectiveModel,
    weight: target.weight,
    isEnabled: target.isEnabled,
    region: target.region,
    state,
  };
}

export function fromGroup(eyes: GroupEyes, { group, canManage }: FoundGroup): RoutingGroupView {
  const { hedgeMaxNanoUsd, ...options } = group.options;
  return {
    id: group.id,
    name: group.name,
    scope: group.owner.scope,
    ownerId: group.owner.id,
    strategy: group.strategy,
    options: { ...options, hedgeMaxUsd: hedgeMaxNanoUsd === null ? null : decimalUsdOf(hedgeMaxNanoUsd) },
    targets: group.targets.map((target) => targetView(eyes, group.owner, target)),
    isActive: group.isActive,
    canManage,
    createdAt: isoOf(group.createdAtMs),
    updatedAt: isoOf(group.updatedAtMs),
    revision: group.revision,
  };
}

const nanoOf = (dollars: number): number => Math.round(dollars * 1_000_000_000);

export function toPlan(body: z.output<typeof routingSimulation>): SimulationPlan {
  const { hedgeMaxUsd, priceWeight, latencyWeight, exploration, seed: _seed, targets, ...rest } = body;
  return {
    ...rest,
    options: {
      stickyBy: 'session',
      hedgeMaxNanoUsd: hedgeMaxUsd === null ? null : nanoOf(hedgeMaxUsd),
      priceWeight,
      latencyWeight,
      exploration,
      cacheSeconds: 0,
    },
    targets: targets.map(({ outages, inputUsd, outputUsd, ...target }) => ({
      ...target,
      outages: outages.map(({ fromS, toS }) => ({ fromMs: fromS * 1_000, toMs: toS * 1_000 })),
      price: inputUsd === null || outputUsd === null ? null : { input: nanoOf(inputUsd), output: nanoOf(outputUsd) },
    })),
  };
}

const rounded = ({ p50, p95, p99 }: Percentiles): Percentiles => {
  const whole = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
  return { p50: whole(p50), p95: whole(p95), p99: whole(p99) };
};

export const fromReport = (report: SimulationReport): SimulationReportView => ({
  requests: report.requests,
  answered: report.answeredCount,
  attempts: report.attempts,
  amplification: Math.round(report.amplification * 1_000) / 1_000,
  hedges: report.hedges,
  costUsd: decimalUsdOf(report.costNanoUsd),
  firstByteMs: rounded(report.firstByte()),
  wholeMs: rounded(report.whole()),
  targets: report.targets.map(({ costNanoUsd, ...tally }) => ({ ...tally, costUsd: decimalUsdOf(costNanoUsd) })),
  slices: report.slices,
});
