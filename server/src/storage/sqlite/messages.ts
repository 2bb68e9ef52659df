/** What the engine and its worker threads say to each other. */
import type { LedgerBatch, SqlValue } from '../driver.ts';

export type Role = 'writer' | 'reader' | 'analytics';

export interface WorkerSettings {
  file: string;
  role: Role;
  /** Set after an unclean stop: the file is checked before anything else is done with it. */
  isCheckWanted: boolean;
}

export interface WireStatement {
  sql: string;
  params: readonly SqlValue[];
  expectRows?: number;
  label?: string;
}

/** One statement, run once for each list of parameters. */
export interface WireRun {
  sql: string;
  rows: readonly (readonly SqlValue[])[];
}

export interface WireInsertMany {
  runs: readonly WireRun[];
  expectRows?: number;
  label?: string;
  /** Numbers are bound as they are: the column makes integers of them. */
  isPlain?: boolean;
}

export type WireStep = WireStatement | WireInsertMany;

export type Request =
  | { id: number; op: 'run'; statement: WireStatement }
  | { id: number; op: 'write'; steps: readonly WireStep[] }
  | { id: number; op: 'ledger'; batch: LedgerBatch }
  | { id: number; op: 'script'; sql: string }
  | { id: number; op: 'backup'; path: string }
  | { id: number; op: 'check' }
  | { id: number; op: 'scrub' }
  | { id: number; op: 'close' };

/** Rows travel as arrays: structured cloning of many small objects costs more than building them on arrival. */
export interface WireResult {
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
  touched: number;
}

export type WireError =
  | { kind: 'sqlite'; code: number; message: string; constraint: string | null }
  | { kind: 'stale'; label: string | null; step: number }
  | { kind: 'unsafe_integer'; column: string }
  | { kind: 'damaged'; message: string }
  | { kind: 'fault'; message: string };

export type Reply =
  | { id: number; results: readonly WireResult[] }
  | { id: number; error: WireError }
  | { id: 'ready' }
  | { id: 'refused'; error: WireError };
