/** Writes a list of requests out as a file, page by page: no more of it is in memory than a page, and a reader that stops ends it. */
import { Readable } from 'node:stream';
import type { exportFormats } from '@patchbay/contract/requests';
import type { ExportText } from '../../control/exports.ts';
import type { NamedRequest } from '../../control/requests.ts';
import { csvLine } from '../../lib/csv.ts';
import type { Log } from '../../lib/log.ts';
import { fromRequest } from './dialect.ts';

export type ExportFormat = (typeof exportFormats)[number];

const csvColumns = [
  'requestId', 'at', 'status', 'state', 'reason', 'purpose', 'connectionId', 'connectionName', 'provider', 'modelAsked', 'model', 'accessKeyId',
  'accessKeyName', 'userId', 'userName', 'workspaceId', 'repositoryId', 'useCaseId', 'routingGroupId', 'isStream', 'isChanged', 'isEstimated',
  'tokensIn', 'tokensOut', 'tokensCached', 'tokensReasoning', 'costUsd', 'savedUsd', 'latencyMs', 'firstByteMs', 'attempts', 'finishReason',
  'clientRequestId', 'configRevision',
] as const; // prettier-ignore

const mediaTypes: Readonly<Record<ExportFormat, string>> = { csv: 'text/csv; charset=utf-8', jsonl: 'application/x-ndjson; charset=utf-8' };
export const mediaTypeOf = (format: ExportFormat): string => mediaTypes[format];

function linesOf(rows: readonly NamedRequest[], format: ExportFormat): string {
  const views = rows.map(fromRequest);
  if (format === 'jsonl') return views.map((view) => `${JSON.stringify(view)}\n`).join('');
  return views.map((view) => csvLine(csvColumns.map((name) => view[name]))).join('');
}

/** The file's parts: the same lines, streamed or written by a task. */
export const requestText: ExportText<NamedRequest> = {
  head: (format) => (format === 'csv' ? csvLine(csvColumns) : ''),
  lines: linesOf,
};

async function* written(pages: AsyncIterable<readonly NamedRequest[]>, format: ExportFormat): AsyncGenerator<string, void, undefined> {
  if (format === 'csv') yield requestText.head(format);
  for await (const rows of pages) if (rows.length > 0) yield linesOf(rows, format);
}

/** The file as a stream that goes as fast as it is read. A failure in the middle cuts the line: half a file must not look whole. */
export function exportStream(pages: AsyncIterable<readonly NamedRequest[]>, format: ExportFormat, log: Log): Readable {
  const stream = Readable.from(written(pages, format), { encoding: 'utf8', highWaterMark: 1 });
  stream.once('error', (error) => log.warn({ err: error }, 'an export of requests broke off'));
  return stream;
}
