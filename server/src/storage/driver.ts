/** What both database engines offer: statements, one atomic batch, and word of configuration changes. Types only. */

export type SqlValue = string | number | bigint | boolean | null | Uint8Array;
export type Row = Record<string, unknown>;

/** Who runs a statement. Analytics has a lane of its own because a running SQLite query cannot be cancelled. */
export type Lane = 'read' | 'write' | 'analytics';

/** One statement in the portable subset of SQL, with `$1`, `$2` ... for its parameters. */
export interface Statement {
  sql: string;
  /** `SqlValue`s; anything else (a Date, undefined, an object) is refused with `UnfitParameter` before it is sent. */
  params: readonly unknown[];
  /** The whole batch fails with `StaleWrite` when this statement touches (or, for a SELECT, finds) another number of rows. */
  expectRows?: number;
  /** Raised as `StaleWrite.label`, so that the caller knows which of its conditions failed. */
  label?: string;
}

/** Many rows into one table: prepared statements on SQLite, one `unnest` on PostgreSQL. */
export interface InsertMany {
  insertInto: string;
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
  /**
   * SQL after `ON CONFLICT`, e.g. `(id) DO NOTHING`. With `DO UPDATE` the rows of one step must differ in the conflict
   * key: PostgreSQL refuses to touch a row twice in one statement. Rows that may meet another's at two keys at the same moment name
   * none (`DO NOTHING`): at a key that is not named PostgreSQL fails where it would wait.
   */
  onConflict?: string;
  /** The whole batch fails with `StaleWrite` when another number of rows is touched. */
  expectRows?: number;
  label?: string;
  /**
   * Every number goes unchanged into a column of an integer type and nothing is returned, so that SQLite may be handed numbers as they
   * are, and many rows at a time, which is cheaper.
   */
  isPlain?: boolean;
}

export type WriteStep = Statement | InsertMany;

export interface Outcome<R = Row> {
  rows: R[];
  /** Rows inserted, updated or deleted; for a statement that returns rows, their number. */
  touched: number;
}

/** A part of an instance's journal for the books, with the place at which the books must stand (the fields of `Books`). */
export interface LedgerBatch {
  instanceId: string;
  shard: number;
  appliedSeq: number;
  seenAtMs: number;
  nowMs: number;
  /** Whole lines of the journal, in order. */
  lines: string;
  /** Kept in the same transaction. */
  extra: readonly Statement[];
}

export interface LedgerApplied {
  /** Where the books stand now. */
  appliedSeq: number;
  repeated: number;
  orphans: number;
  unfit: number;
}

/** Rejections of every method are the classes of `errors.ts`. */
export interface Driver {
  readonly engine: 'sqlite' | 'postgres';
  /** Where a backup is put before a migration; null where the operator backs up (PostgreSQL). */
  readonly backupsDir: string | null;
  /** Runs one statement outside a batch. The default lane is `read`, which cannot write on SQLite. */
  rows<R = Row>(statement: Statement, lane?: Lane): Promise<R[]>;
  /** As `rows`, and says how many rows were touched. */
  run<R = Row>(statement: Statement, lane: Lane): Promise<Outcome<R>>;
  /** One atomic transaction without an await inside; resolves after the durable commit with the rows that each step returned. */
  write(steps: readonly WriteStep[]): Promise<Row[][]>;
  /** Applies lines of the journal in the database's own thread, in one transaction; null where the database is not in this process. */
  applyLedger: ((batch: LedgerBatch) => Promise<LedgerApplied>) | null;
  /** Several statements without parameters in one transaction; for migrations. */
  script(sql: string): Promise<void>;
  /** SQLite only: a consistent copy while serving. Written beside `path` first, then renamed. */
  backup(path: string): Promise<void>;
  /** SQLite: moves the log into the file and empties it, so that deleted secrets are gone from both (C-32). Else nothing. */
  scrub(): Promise<void>;
  /** Calls back after a configuration change, here or in another instance, and whenever word of one may have been missed. */
  onConfigChange(listener: () => void): () => void;
  notifyConfigChange(): Promise<void>;
  /** False while the database does not answer. Turns true again by itself. */
  isHealthy(): boolean;
  close(): Promise<void>;
}
