/** The numbers and names of routing that pages need as well: without a schema, so that no page loads what checks them. */

export const routingStrategies = ['ordered', 'weighted', 'least_busy', 'fastest', 'cheapest', 'score', 'sticky'] as const;
export const groupTargetsMax = 20;
export const weightMax = 1_000;
/** Backups of one connection. */
export const backupsMax = 5;
/** More than this share is no trying out any more. */
export const explorationMax = 0.2;
export const balanceMax = 10;
/** How old an answer may be that is given again: a week. */
export const cacheSecondsMax = 604_800;

export const simulatedRequestsMax = 10_000;
export const requestsPerSMax = 1_000;
/** Faults that may be assumed of a target. */
export const assumedFaults = [
  'server_error',
  'overloaded',
  'rate_limited',
  'unreachable',
  'headers_timeout',
  'connection_lost',
  'bad_request',
] as const;
