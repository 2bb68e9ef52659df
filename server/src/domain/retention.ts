/** How long each kind of rows is kept: names, bounds and defaults, and which of three words about it counts. Pure. */

export const retentionNouns = [
  'requests',
  'policy-findings',
  'limit-events',
  'connection-tests',
  'health-checks',
  'alerts',
  'responses',
  'tasks',
  'audit',
] as const;
export type RetentionNoun = (typeof retentionNouns)[number];
/** What is forgotten row by row. The audit log goes behind an anchor of its chain, by whoever keeps that. */
export type SweptNoun = Exclude<RetentionNoun, 'audit'>;
export const sweptNouns = retentionNouns.filter((noun): noun is SweptNoun => noun !== 'audit');
/** As a number of days, where a rule has it. */
export const forever = 0;

export interface RetentionRule {
  daysDefault: number;
  daysMin: number;
  daysMax: number;
  mayBeForever: boolean;
  /** The environment's word, which goes before the one that is saved. */
  settingName: string;
}

const longest = 3_650;
const rule = (daysDefault: number, settingName: string, daysMin = 1, daysMax = longest): RetentionRule => ({
  daysDefault,
  daysMin,
  daysMax,
  mayBeForever: false,
  settingName: `PATCHBAY_RETENTION_${settingName}_DAYS`,
});

/** A month of budgets, and a day of every time zone beside it, is always there. */
const requestDaysMin = 35;
export const responseDaysMax = 30;
/** Whoever did something must not be able to wait for a day until nobody can see it. */
const auditDaysMin = 7;

export const retentionRules: Readonly<Record<RetentionNoun, RetentionRule>> = {
  requests: rule(90, 'REQUESTS', requestDaysMin),
  'policy-findings': rule(90, 'POLICY_FINDINGS'),
  'limit-events': rule(30, 'LIMIT_EVENTS'),
  'connection-tests': rule(90, 'CONNECTION_TESTS'),
  'health-checks': rule(30, 'HEALTH_CHECKS'),
  alerts: rule(90, 'ALERTS'),
  // Each is promised for thirty days when it is kept; nobody may rely on it for longer.
  responses: rule(responseDaysMax, 'RESPONSES', 1, responseDaysMax),
  tasks: rule(30, 'TASKS'),
  audit: { ...rule(90, 'AUDIT', auditDaysMin), mayBeForever: true },
};

export type RetentionDays = Partial<Record<RetentionNoun, number>>;
export type RetentionOrigin = 'environment' | 'saved' | 'default';

/** What the operator says, read by whoever knows how: a whole number within two bounds, or null where nothing is said. */
export function retentionDaysOf(read: (name: string, least: number, most: number) => number | null): RetentionDays {
  const days: RetentionDays = {};
  for (const noun of retentionNouns) {
    const { settingName, daysMin, daysMax } = retentionRules[noun];
    const said = read(settingName, daysMin, daysMax);
    if (said !== null) days[noun] = said;
  }
  return days;
}

/** How long rows of a noun are kept, and who says so. */
export function retentionOf(
  noun: RetentionNoun,
  environment: RetentionDays,
  saved: RetentionDays,
): { days: number; origin: RetentionOrigin } {
  const ofEnvironment = environment[noun];
  if (ofEnvironment !== undefined) return { days: ofEnvironment, origin: 'environment' };
  const ofSaved = saved[noun];
  return ofSaved === undefined ? { days: retentionRules[noun].daysDefault, origin: 'default' } : { days: ofSaved, origin: 'saved' };
}
