/** The filters of the audit log as its address holds them. */

export const auditFilterNames = ['actor', 'area', 'object', 'outcome', 'from', 'to', 'requestId', 'subjectType', 'subjectId'] as const;
export type AuditSearch = Partial<Record<(typeof auditFilterNames)[number], string>>;

const textsMax = 200;

/** What an address says, as far as it is a filter. */
export function auditSearchOf(search: Record<string, unknown>): AuditSearch {
  const found: AuditSearch = {};
  for (const name of auditFilterNames) {
    const value = search[name];
    if (typeof value === 'string' && value !== '' && value.length <= textsMax) found[name] = value;
  }
  return found;
}

/** A day of the person's own calendar as a point in time; the last day is meant whole. */
function momentOf(day: string | undefined, isLast: boolean): string | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day ?? '');
  if (!match) return undefined;
  const [, year, month, date] = match.map(Number) as [number, number, number, number];
  return new Date(year, month - 1, date + (isLast ? 1 : 0)).toISOString();
}

const outcomes = ['success', 'refused', 'failed'] as const;

/** As the API takes it. */
export function auditFilterOf({ area, from, to, outcome: asked, ...texts }: AuditSearch) {
  const outcome = outcomes.find((one) => one === asked);
  const [since, until] = [momentOf(from, false), momentOf(to, true)];
  return {
    ...texts,
    ...(area !== undefined && { action: area }),
    ...(outcome !== undefined && { outcome }),
    ...(since !== undefined && { from: since }),
    ...(until !== undefined && { to: until }),
  } as const;
}
