/** Reads a provider's usage export, CSV or the JSON of its API, from bytes to lines: nothing is believed before it was checked. */
import { Readable, pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ExportFault, type ExportLine } from '../domain/usage-export.ts';
import { exportFormats, formatOfColumns, type ExportFormat } from '../providers/usage-exports/formats.ts';
import { linesOfPages } from '../providers/usage-exports/pages.ts';

/** Lines of one file, bytes of one line, columns, and bytes of a file that must be parsed as a whole. */
export const linesMax = 1_000_000;
const lineBytesMax = 65_536;
const columnsMax = 200;
export const jsonBytesMax = 32 * 1024 * 1024;
const peekBytes = 64;

export interface ReadLine {
  /** As the file counts, from 1; the first line of a CSV file is its names. */
  lineNo: number;
  format: ExportFormat;
  line: ExportLine;
  /** How much of the file is read. */
  bytes: number;
}

/** The lines of a file in their order. @throws ExportFault for what is no export that we know, with line and column */
export async function* exportLines(file: AsyncIterable<Buffer>): AsyncGenerator<ReadLine> {
  const pieces = file[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let bytes = 0;
  // Whether it is JSON is told by its first character that is none of white space.
  while (bytes < peekBytes) {
    const next = await pieces.next();
    if (next.done) break;
    first.push(next.value);
    bytes += next.value.length;
  }
  const rest = again(first, pieces);
  const beginning = Buffer.concat(first).subarray(0, peekBytes).toString('latin1').replace('\u00ef\u00bb\u00bf', '').trimStart();
  if (beginning === '') throw new ExportFault('empty', null, null);
  yield* /^[{[]/.test(beginning) ? jsonLines(rest) : csvLines(rest);
}

async function* again(first: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** A file in another encoding has names and figures that only look like something. */
async function* asText(file: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const piece of file) yield decoder.decode(piece, { stream: true });
    yield decoder.decode();
  } catch (error) {
    throw error instanceof TypeError ? new ExportFault('not_utf8', null, null) : error;
  }
}

interface Parsed {
  record: string[];
  info: { lines: number; bytes: number };
}

async function* csvLines(file: AsyncIterable<Buffer>): AsyncGenerator<ReadLine> {
  const parser = parse({ bom: true, info: true, max_record_size: lineBytesMax, skip_empty_lines: true });
  // Its failure comes out of the loop below as well.
  pipeline(Readable.from(asText(file), { objectMode: false }), parser, () => undefined);
  let format: ExportFormat | null = null;
  const at = new Map<string, number>();
  let count = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      if (format === null) {
        format = namesOf(record, at);
        continue;
      }
      if (++count > linesMax) throw new ExportFault('too_many_lines', info.lines, null);
      const line = exportFormats[format].read((column) => record[at.get(column) ?? -1] ?? '', info.lines);
      yield { lineNo: info.lines, format, line, bytes: info.bytes };
    }
  } catch (error) {
    throw error instanceof CsvError ? faultOf(error) : error;
  }
  if (count === 0) throw new ExportFault('empty', null, null);
}

/** Names of columns as the file has them; one name twice would make the figures of one of them vanish. */
function namesOf(record: readonly string[], at: Map<string, number>): ExportFormat {
  const names = record.map((name) => name.trim().toLowerCase());
  if (names.length > columnsMax) throw new ExportFault('unknown_columns', 1, null);
  for (const [index, name] of names.entries()) {
    if (name !== '' && at.has(name)) throw new ExportFault('unknown_columns', 1, name.slice(0, 100));
    at.set(name, index);
  }
  return formatOfColumns(names);
}

function faultOf(error: CsvError): ExportFault {
  const said = error as CsvError & { lines?: unknown; column?: unknown };
  const line = typeof said.lines === 'number' ? said.lines : null;
  const column = typeof said.column === 'string' ? said.column : typeof said.column === 'number' ? String(said.column + 1) : null;
  return new ExportFault(error.code === 'CSV_MAX_RECORD_SIZE' ? 'too_long' : 'not_csv', line, column);
}

async function* jsonLines(file: AsyncIterable<Buffer>): AsyncGenerator<ReadLine> {
  let text = '';
  for await (const piece of asText(file)) {
    text += piece;
    if (text.length > jsonBytesMax) throw new ExportFault('too_long', null, null);
  }
  const { format, lines } = linesOfPages(parsed(text));
  if (lines.length > linesMax) throw new ExportFault('too_many_lines', linesMax, null);
  for (const { cells, line } of lines)
    yield { lineNo: line, format, line: exportFormats[format].read(cells, line), bytes: Math.floor((text.length * line) / lines.length) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const position = Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? NaN);
    const before = Number.isNaN(position) ? null : text.slice(0, position).split('\n');
    throw new ExportFault('not_json', before?.length ?? null, before === null ? null : String(before.at(-1)!.length + 1));
  }
}
