/** What a backup says of itself: enough to know, before anything is written, whether it is whole and which key it needs. */
import { z } from 'zod';
import { furtherSealedColumns, sealedColumns } from '../../domain/sealing.ts';
import type { PortableFile } from './sqlite-file.ts';

export const backupFormat = 'patchbay-backup';
export const backupFormatVersion = 1;

const figure = z.string().regex(/^-?\d{1,30}$/);

const manifestShape = z.object({
  format: z.literal(backupFormat),
  formatVersion: z.literal(backupFormatVersion),
  createdAt: z.string().max(40),
  /** Where it was taken; what it holds is SQLite either way. */
  engine: z.enum(['sqlite', 'postgres']),
  /** The number of the last migration. */
  schema: z.number().int().min(1),
  /** The last change of configuration. */
  revision: z.number().int().min(0),
  bytes: z.number().int().min(1),
  /** Of the database's bytes, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Which master keys it was sealed with: check values, never a key. */
  masterKeys: z.array(z.object({ version: z.number().int(), kcv: z.string().max(64), status: z.string().max(20) })).max(10_000),
  /** How many values need one of them. */
  sealedValues: z.number().int().min(0),
  /** Rows by table. */
  tables: z.record(z.string().max(100), z.number().int().min(0)),
  /** The books by UTC day: entries, tokens and nano-dollars. */
  days: z
    .array(z.object({ day: z.string().max(10), entries: figure, tokensIn: figure, tokensOut: figure, costNanoUsd: figure }))
    .max(100_000),
});

export type Manifest = z.output<typeof manifestShape>;
/** What can be read from the database alone. */
export type Contents = Pick<Manifest, 'schema' | 'revision' | 'masterKeys' | 'sealedValues' | 'tables' | 'days'>;

/** The manifest in a line; null for anything else, another format's version too. */
export function parseManifest(line: string): Manifest | null {
  try {
    const parsed = manifestShape.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const dayMs = 86_400_000;

/** Reads what a database holds. A few seconds for a million entries of the books. */
export async function contentsOf(file: PortableFile): Promise<Contents> {
  const tables: Record<string, number> = {};
  for (const table of await file.tables()) tables[table] = Number(file.query(`SELECT COUNT(*) AS n FROM "${table}"`)[0]?.['n'] ?? 0);
  const days = file.query(`SELECT at / ${dayMs} AS day, COUNT(*) AS entries, SUM(tokens_in) AS tokens_in, SUM(tokens_out) AS tokens_out,
    COALESCE(SUM(cost_nano_usd), 0) AS cost FROM usage_events GROUP BY at / ${dayMs} ORDER BY day`);
  let sealed = 0;
  for (const { table, column } of [...sealedColumns, ...furtherSealedColumns])
    if (tables[table] !== undefined) sealed += Number(file.query(`SELECT COUNT("${column}") AS n FROM "${table}"`)[0]?.['n'] ?? 0);
  return {
    schema: file.schema(),
    revision: Number(file.query('SELECT revision FROM config_revision')[0]?.['revision'] ?? 0),
    masterKeys: file.query('SELECT version, kcv, status FROM master_keys ORDER BY version').map((row) => ({
      version: Number(row['version']),
      kcv: String(row['kcv']),
      status: String(row['status']),
    })),
    sealedValues: sealed,
    tables,
    days: days.map((row) => ({
      day: new Date(Number(row['day']) * dayMs).toISOString().slice(0, 10),
      entries: String(row['entries']),
      tokensIn: String(row['tokens_in']),
      tokensOut: String(row['tokens_out']),
      costNanoUsd: String(row['cost']),
    })),
  };
}

/** The first thing that a database and a manifest say differently; null where they agree. */
export function contentsFault(manifest: Contents, found: Contents): string | null {
  for (const name of ['schema', 'revision', 'masterKeys', 'sealedValues', 'tables', 'days'] as const)
    if (JSON.stringify(manifest[name]) !== JSON.stringify(found[name])) return name;
  return null;
}
