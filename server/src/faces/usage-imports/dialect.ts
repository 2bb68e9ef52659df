/** Usage exports and what they differ in, in the words of the API: decimal dollars, days, names. */
import {
  differencesMax,
  importFormats,
  type DifferenceCause,
  type ReconciliationFigures,
  type ReconciliationReport,
  type UsageImport,
} from '@patchbay/contract/usage-imports';
import type { NamedDifference, NamedReconciliation } from '../../control/reconciliation.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import { causes, type Figures } from '../../domain/reconciliation.ts';
import { csvLine } from '../../lib/csv.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { UsageImport as StoredImport } from '../../storage/usage-imports.ts';

const dayText = (atMs: number): string => isoOf(atMs).slice(0, 10);

export function fromImport(row: StoredImport): UsageImport {
  const isRead = row.state === 'ready' && row.format !== '';
  return {
    id: row.id,
    provider: isRead ? row.provider : null,
    format: isRead ? (importFormats.find((one) => one === row.format) ?? null) : null,
    measure: isRead ? row.measure : null,
    fileName: row.fileName,
    fileBytes: row.fileBytes,
    state: row.state,
    lines: row.lines,
    from: row.fromMs === null ? null : dayText(row.fromMs),
    to: row.toMs === null ? null : dayText(row.toMs - 1),
    keys: row.keyMap,
    fault: row.fault,
    taskId: row.taskId,
    createdBy: row.createdBy,
    createdAt: isoOf(row.createdAtMs),
  };
}

const fromFigures = ({ costNanoUsd, ...counts }: Figures): ReconciliationFigures => ({ ...counts, costUsd: decimalUsdOf(costNanoUsd) });

const fromDifference = ({ dayMs, keyName, connectionIds, connectionNames, model, cause, theirs, ours }: NamedDifference) => ({
  day: dayText(dayMs),
  key: keyName,
  connections: connectionIds.map((id, index) => ({ id, name: connectionNames[index] ?? null })),
  model,
  cause,
  theirs: fromFigures(theirs),
  ours: fromFigures(ours),
});

export function fromReconciliation(found: NamedReconciliation): ReconciliationReport {
  const counts = Object.fromEntries(
    causes.map((cause) => [cause, found.differences.filter((one) => one.cause === cause).length]),
  ) as Record<DifferenceCause, number>;
  return {
    importId: found.file.id,
    measure: found.file.measure,
    isByKey: found.isByKey,
    compared: found.compared,
    agreed: found.agreed,
    theirs: fromFigures(found.theirs),
    ours: fromFigures(found.ours),
    causes: counts,
    differences: found.differences.slice(0, differencesMax).map(fromDifference),
    differencesTotal: found.differences.length,
  };
}

const columns = [
  'day_utc', 'key', 'connections', 'model', 'cause',
  'theirs_requests', 'ours_requests', 'theirs_tokens_in', 'ours_tokens_in', 'theirs_tokens_cached', 'ours_tokens_cached',
  'theirs_tokens_cache_write', 'ours_tokens_cache_write', 'theirs_tokens_out', 'ours_tokens_out', 'theirs_cost_usd', 'ours_cost_usd',
] as const; // prettier-ignore

/** Every difference on a line of its own, RFC 4180. */
export function csvOf({ differences }: NamedReconciliation): string {
  const lines = differences.map(
    ({ dayMs, keyName, connectionNames, model, cause, theirs, ours }) =>
    csvLine([
      dayText(dayMs), keyName, connectionNames.filter((name) => name !== null).join(' '), model, cause,
      theirs.requests, ours.requests, theirs.tokensIn, ours.tokensIn, theirs.tokensCached, ours.tokensCached,
      theirs.tokensCacheWrite, ours.tokensCacheWrite, theirs.tokensOut, ours.tokensOut,
      decimalUsdOf(theirs.costNanoUsd), decimalUsdOf(ours.costNanoUsd),
    ]), // prettier-ignore
  );
  return csvLine(columns) + lines.join('');
}
