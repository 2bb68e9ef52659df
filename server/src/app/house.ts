/** What a house is to those who build it, open it and are handed its parts. */
import type { PeopleDeps } from '../control/people/deps.ts';
import type { AiSettingsDeps } from '../control/ai-settings.ts';
import type { ExportDeps } from '../control/exports.ts';
import type { FindingsDeps } from '../control/policy-findings.ts';
import type { RequestsDeps } from '../control/requests.ts';
import type { RetentionControlDeps } from '../control/retention.ts';
import type { SeriesDeps } from '../control/usage-series.ts';
import type { ImportDeps } from '../control/usage-imports.ts';
import type { OpenAiFaceDeps } from '../faces/openai/deps.ts';
import type { OpsDeps } from '../faces/ops/routes.ts';
import type { GatewayDeps } from '../gateway/order.ts';
import type { LocalModelDeps } from '../control/local-models.ts';
import type { ConnectionChecks } from '../jobs/check-connections.ts';
import type { Feeder } from '../jobs/feed-ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import type { AlertRooms } from './alerts.ts';
import type { OwnedLimits } from './limits.ts';
import type { Live } from './live.ts';
import type { Settings } from './settings.ts';
import type { SystemRooms } from './system.ts';
import type { WorkerPlace } from './worker.ts';

export interface HouseIo {
  clock: Clock;
  ids: Ids;
  log: Log;
  /** FALSE where nobody wants connections to be checked by the clock: in tests of other things. */
  isChecking?: boolean;
  /** Shorter limits for tests. */
  timeouts?: Partial<GatewayDeps['timeouts']>;
  /** Where this process is one of several that serve this installation on this machine. */
  worker?: WorkerPlace;
}

/** Everything that a face may be handed. */
export type HouseDeps = Rooms & SystemRooms;

/** The rooms, before what the system page reads of them. */
export type Rooms = PeopleDeps &
  OpsDeps &
  OpenAiFaceDeps &
  SeriesDeps &
  Pick<AiSettingsDeps, 'environmentNamed'> &
  Pick<FindingsDeps, 'found'> &
  Pick<RequestsDeps, 'contents'> &
  Pick<ExportDeps, 'exportTexts'> &
  Pick<RetentionControlDeps, 'retentionDays'> &
  Pick<Live, 'events' | 'tasks'> &
  Pick<ImportDeps, 'importsDir'> &
  AlertRooms & { checks: ConnectionChecks } & Pick<OwnedLimits, 'limitUse' | 'limitEvents'> & {
    recallLimits: OwnedLimits['recall'];
  } & Pick<LocalModelDeps, 'localModels'>;

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
