/** The names of the events of `/api/events`, apart from their shapes: a page that only listens needs no schemas. */

export const houseEventNames = [
  'hello',
  'resync',
  'connection.changed',
  'connection.status',
  'connection.health',
  'task.changed',
  'limit.met',
  'alert.changed',
  'config.changed',
  'signed-out',
] as const;
export type HouseEventName = (typeof houseEventNames)[number];

/** Comes every fifteen seconds without an id, so that a page can tell a quiet line from a dead one. */
export const beatName = 'beat';
