/** Which objects have a history. */
import type { RevisionType } from '@patchbay/contract/audit';

const types: ReadonlySet<string> = new Set<RevisionType>([
  'connection',
  'use-case',
  'routing-group',
  'policy',
  'repository',
  'limit',
  'access-key',
  'ai-settings',
  'alert_rule',
]);

/** Null for what has none. */
export const historyTypeOf = (type: string): RevisionType | null => (types.has(type) ? (type as RevisionType) : null);
