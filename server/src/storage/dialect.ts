/** Turns the one text of a migration into each engine's own: types, default expressions and STRICT. */

/** Comments, texts and everything between them; only what lies between them is rewritten. */
const parts = /(--[^\n]*)|(\/\*[\s\S]*?\*\/)|('(?:[^']|'')*')|((?:(?!--|\/\*|')[\s\S])+)/g;

const defaults = {
  postgres: {
    uuid: 'gen_random_uuid()',
    nowMs: 'CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)',
    today: "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
  },
  // Version 4 by hand (RFC 9562, 5.4): the fourteenth digit is 4 and the seventeenth one of 8, 9, a, b.
  sqlite: {
    uuid:
      "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || " +
      "substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))",
    nowMs: "(CAST(unixepoch('subsec') * 1000 AS INTEGER))",
    today: "(strftime('%Y-%m-%d', 'now'))",
  },
} as const;

/**
 * Types for SQLite. BOOLEAN becomes `INT` and BIGINT `INTEGER`: STRICT knows no BOOLEAN, and by these two spellings the
 * worker tells them apart again (sqlite/decode.ts). Checks stand in for what PostgreSQL refuses by type.
 */
const sqliteTypes: readonly [RegExp, string][] = [
  [/\b(?!AS\b)([a-z_]\w*)(\s+)BOOLEAN\b/g, '$1$2INT CHECK ($1 IN (0, 1))'],
  [/\b(?!AS\b)([a-z_]\w*)(\s+)VARCHAR\((\d+)\)/g, '$1$2TEXT CHECK (length($1) <= $3)'],
  [/\b(?!AS\b)([a-z_]\w*)(\s+)UUID\b/g, '$1$2TEXT CHECK (length($1) = 36)'],
  [/\bBIGINT\b/g, 'INTEGER'],
  [/\bDOUBLE PRECISION\b/g, 'REAL'],
  [/\bBYTEA\b/g, 'BLOB'],
];

/** The engine's own text of a migration. Type names are matched in capitals only, so that better-auth's stay as they are. */
export function translate(sql: string, engine: 'sqlite' | 'postgres'): string {
  return sql.replace(parts, (part: string, line?: string, block?: string, text?: string) => {
    if (line !== undefined) return '';
    if (block !== undefined) return engine === 'sqlite' && block === '/*strict*/' ? 'STRICT' : ' ';
    if (text !== undefined) return part;
    let rewritten = part
      .replaceAll('default_uuid()', defaults[engine].uuid)
      .replaceAll('default_now_ms()', defaults[engine].nowMs)
      .replaceAll('default_today()', defaults[engine].today);
    if (engine === 'sqlite') for (const [type, replacement] of sqliteTypes) rewritten = rewritten.replace(type, replacement);
    return rewritten;
  });
}
