/** The dependencies of the gateway, one plain object. */
import type { CaptureSink } from '../domain/capture.ts';
import type { Egress } from '../egress/egress.ts';
import { createAnswerCache } from '../gateway/answer-cache.ts';
import { createHeadroom } from '../gateway/headroom.ts';
import { createModelLists } from '../gateway/model-lists.ts';
import type { GatewayDeps } from '../gateway/order.ts';
import type { ViolationKeeper } from '../jobs/keep-violations.ts';
import type { Journal } from '../journal/journal.ts';
import { Secret } from '../lib/secret.ts';
import { createPriceBook } from '../providers/prices.ts';
import type { Valkey } from '../valkey/valkey.ts';
import type { HouseIo } from './house.ts';
import type { OwnedLimits } from './limits.ts';
import type { Settings } from './settings.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';
import type { Telemetry } from './telemetry.ts';

const houseTimeouts: GatewayDeps['timeouts'] = {
  headersMs: 60_000,
  firstEventMs: 120_000,
  idleMs: 60_000,
  totalMs: 900_000,
  heartbeatMs: 15_000,
  readerMs: 120_000,
};

/** Known once the server listens. */
export interface OwnAddress {
  url: string;
  /** Leads to this process's own demo provider and nowhere else. */
  demoEgress: Egress | null;
}

interface GatewayParts {
  found: ViolationKeeper;
  contents: CaptureSink;
  settings: Settings;
  io: HouseIo;
  keeper: OwnedKeeper;
  vault: GatewayDeps['vault'];
  egress: Egress;
  journal: Journal;
  telemetry: Telemetry | null;
  demoKey: string;
  own: OwnAddress;
  limits: OwnedLimits;
  health: GatewayDeps['health'];
  valkey: Valkey | null;
}

/** What the rooms of the data plane are handed. */
export function gatewayOf({
  settings,
  io,
  keeper,
  vault,
  egress,
  journal,
  telemetry,
  demoKey,
  own,
  limits,
  found,
  contents,
  health,
  valkey,
}: GatewayParts): GatewayDeps {
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
    health,
    limits: limits.limits,
    answers: createAnswerCache(io.clock, valkey),
    headroom: createHeadroom(io.clock),
    violations: found,
    captures: contents,
    ...(telemetry ? { joinTrace: (requestId, traceparent) => telemetry.join(requestId, traceparent) } : {}),
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
