/** What a worker's error means in the words of storage. */
import {
  ForeignKeyViolation,
  StaleWrite,
  StorageBusy,
  StorageFault,
  StorageStartError,
  StorageUnavailable,
  UniqueViolation,
  UnsafeInteger,
} from '../errors.ts';
import type { WireError } from './messages.ts';

/** Primary result codes (the low byte of an extended code), https://sqlite.org/rescode.html. */
const busyCodes = new Set([5, 6]);
/** NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB: the file cannot be used now. */
const unavailableCodes = new Set([7, 8, 10, 11, 13, 14, 26]);
const uniqueCodes = new Set([1555, 2067, 2579]);
const foreignKeyCodes = new Set([787, 1811]);

export function errorOf(error: WireError): Error {
  if (error.kind === 'stale') return new StaleWrite(error.label, error.step);
  if (error.kind === 'unsafe_integer') return new UnsafeInteger(`column ${error.column} holds an integer beyond 2^53`);
  if (error.kind === 'damaged') return new StorageUnavailable(`the database file is damaged: ${error.message}`);
  if (error.kind === 'fault') return new StorageFault('worker', error.message);
  const primary = error.code & 0xff;
  if (uniqueCodes.has(error.code)) return new UniqueViolation(error.constraint ?? 'unknown');
  if (foreignKeyCodes.has(error.code)) return new ForeignKeyViolation(null);
  if (busyCodes.has(primary)) return new StorageBusy(error.message);
  if (unavailableCodes.has(primary)) return new StorageUnavailable(`SQLite (${error.code}): ${error.message}`);
  return new StorageFault(String(error.code), error.message);
}

/** Why a worker could not open the file, in one line for the operator. */
export function startErrorOf(error: WireError, file: string): StorageStartError {
  if (error.kind === 'damaged') {
    return new StorageStartError(`the database ${file} is damaged; restore a backup (${error.message})`);
  }
  return new StorageStartError(`the database ${file} cannot be opened: ${'message' in error ? error.message : error.kind}`);
}
