/** Rules about who may do what: SQL, sockets, environment, time, randomness and decryption each have one home in server/src. */
import { type Fault, type Source, faultAt, faultsOf } from './source.ts';

interface PackagePrivilege {
  rule: string;
  specifier: RegExp;
  /** Paths below server/src that may import it. */
  home: RegExp;
  /** Paths that may import its types alone. */
  typesAlso?: RegExp;
  todo: string;
}

/** Files outside the homes of `node:net` and its kin that may import them, with the reason. */
const socketExceptions: readonly { path: string; reason: string }[] = [];

const exceptionPaths = new Set(socketExceptions.map(({ path }) => path));

export const packagePrivileges: readonly PackagePrivilege[] = [
  {
    rule: 'sql-import',
    specifier: /^(?:node:sqlite|pg|kysely)(?:\/|$)/,
    home: /^storage\//,
    typesAlso: /^control\/people(?:\/|\.ts)/,
    todo: 'only storage speaks to a database: add an operation there',
  },
  {
    rule: 'people-import',
    specifier: /^(?:better-auth|@better-auth\/[^/]+)(?:\/|$)/,
    home: /^(?:control\/people(?:\/|\.ts)|faces\/auth\/)/,
    todo: 'only control/people (and its face, faces/auth) knows better-auth',
  },
  { rule: 'egress-import', specifier: /^undici(?:\/|$)/, home: /^egress\//, todo: 'only egress imports undici: call egress' },
  { rule: 'valkey-import', specifier: /^ioredis(?:\/|$)/, home: /^valkey\//, todo: 'only valkey speaks to Valkey: add an operation there' },
  {
    rule: 'socket-import',
    specifier: /^(?:node:)?(?:net|tls|https?|http2|dns|dgram)(?:\/|$)/,
    home: /^(?:egress|faces|app)\//,
    todo: 'only egress, faces and app know sockets and HTTP (types too)',
  },
  { rule: 'time', specifier: /^node:timers(?:\/|$)/, home: /^lib\/clock\.ts$/, todo: 'only lib/clock.ts waits: use deps.clock' },
];

interface CodePrivilege {
  rule: string;
  pattern: RegExp;
  home: RegExp;
  todo: string;
}

export const codePrivileges: readonly CodePrivilege[] = [
  {
    rule: 'environment',
    pattern: /\bprocess\s*\.\s*env\b|\bprocess\s*\[/g,
    home: /^(?:app\/settings\.ts$|cli\/)/,
    todo: 'only app/settings.ts reads the environment: add a setting',
  },
  {
    rule: 'time',
    pattern:
      /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()|(?<!new\s)(?<![\w.$])Date\s*\(|\bperformance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b|\bAbortSignal\s*\.\s*timeout\b|(?<![\w$.])set(?:Timeout|Interval)\b|\bglobalThis\s*\.\s*set(?:Timeout|Interval)\b/g,
    home: /^lib\/clock\.ts$/,
    todo: 'only lib/clock.ts reads the time and waits: use the clock that is handed in',
  },
  {
    rule: 'randomness',
    pattern: /\bMath\s*\.\s*random\b|\b(?:randomUUID|randomUUIDv7|randomBytes|randomInt|randomFill|randomFillSync|getRandomValues)\b/g,
    home: /^lib\/ids\.ts$/,
    todo: 'only lib/ids.ts makes random values: use the ids that are handed in',
  },
  { rule: 'decryption', pattern: /\bcreate(?:Dec|C)ipheriv\b/g, home: /^vault\//, todo: 'only the vault seals and opens: call it' },
  {
    rule: 'fetch',
    pattern: /(?<![\w.$])fetch\s*\(|\bglobalThis\s*\.\s*fetch\b/g,
    home: /^(?!)/,
    todo: 'outgoing requests go through egress, never through the global fetch',
  },
];

const sqlText =
  /^\s*(?:select|SELECT|with|WITH)\b[\s\S]*\b(?:from|FROM)\s+["\w$(]|^\s*(?:select|SELECT)\s+[\w$]+\(|\b(?:insert|INSERT)\s+(?:into|INTO)\s+["\w$]|\b(?:delete|DELETE)\s+(?:from|FROM)\s+["\w$]+\s*(?:$|where|WHERE)|\b(?:update|UPDATE)\s+["\w$.]+\s+(?:set|SET)\b|^\s*(?:create|CREATE|alter|ALTER|drop|DROP)\s+(?:\w+\s+)?(?:table|TABLE|index|INDEX|view|VIEW|trigger|TRIGGER)\b|^\s*(?:pragma|PRAGMA)\s+\w/;

const below = (path: string): string | undefined => (path.startsWith('server/src/') ? path.slice('server/src/'.length) : undefined);

/** Every use of a privilege outside its home. */
export function privilegeFaults(source: Source): Fault[] {
  const path = below(source.path);
  if (path === undefined) return [];
  const faults: Fault[] = [];
  for (const { rule, specifier, home, typesAlso, todo } of packagePrivileges) {
    if (home.test(path) || (rule === 'socket-import' && exceptionPaths.has(source.path))) continue;
    for (const entry of source.imports) {
      if (!specifier.test(entry.specifier) || (entry.isType && typesAlso?.test(path))) continue;
      faults.push(faultAt(source, entry.start, rule, todo));
    }
  }
  for (const { rule, pattern, home, todo } of codePrivileges) {
    if (!home.test(path)) faults.push(...faultsOf(source, pattern, rule, todo));
  }
  if (!path.startsWith('storage/')) {
    for (const literal of source.literals) {
      if (sqlText.test(literal.value)) faults.push(faultAt(source, literal.start, 'sql', 'only storage knows SQL: add an operation there'));
    }
  }
  return faults;
}
