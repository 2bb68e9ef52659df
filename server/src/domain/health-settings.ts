/** How often connections are checked, and by what: what the installation says, and what a connection says of itself. */
import type { ConnectionSettings } from './connection.ts';

/** `models` asks for the list of models, which costs nothing; `completion` asks the default model for one token, which is booked. */
export type CheckWay = 'models' | 'completion';

export interface HealthSettings {
  /** Seconds between two checks of a connection; 0 is off. */
  everyS: number;
  way: CheckWay;
  /** 0 where they were never saved. */
  revision: number;
}

export const everySMin = 20;
export const everySMax = 86_400;
export const healthSettingsDefault: HealthSettings = { everyS: 60, way: 'models', revision: 0 };

/** What holds for a connection: its own word where it has one (`health.everySeconds`, `health.check`), else the installation's. */
export function checkPlanOf(
  settings: ConnectionSettings,
  house: Pick<HealthSettings, 'everyS' | 'way'>,
): { everyS: number; way: CheckWay } {
  const own = settings['health'];
  const { everySeconds, check } = (typeof own === 'object' && own !== null ? own : {}) as Record<'everySeconds' | 'check', unknown>;
  const isSeconds = typeof everySeconds === 'number' && Number.isFinite(everySeconds) && everySeconds >= 0;
  const everyS = isSeconds ? Math.min(everySeconds, everySMax) : house.everyS;
  return {
    everyS: everyS === 0 ? 0 : Math.max(everySMin, everyS),
    way: check === 'models' || check === 'completion' ? check : house.way,
  };
}
