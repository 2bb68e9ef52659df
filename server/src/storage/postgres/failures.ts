/** What an error of `pg` means in the words of storage. PostgreSQL's `detail` holds values of rows and is never passed on. */
import {
  ForeignKeyViolation,
  StaleWrite,
  StorageBusy,
  StorageFault,
  StorageUnavailable,
  UniqueViolation,
  UnfitParameter,
  UnsafeInteger,
} from '../errors.ts';

/** SQLSTATEs, https://www.postgresql.org/docs/15/errcodes-appendix.html. */
const busyStates = new Set(['40001', '40P01', '55P03', '57014', '25P03']);
/** Connection exceptions (08P01 is a wrong message of ours), shutdown, too many connections, out of disk or memory, read-only after a failover, bad password. */
const unavailable = /^(08(?!P01)|57P|53|28|3D|58|25006)/;
const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
/** `pg` has no codes for its own failures. */
const lostMessage =
  /connection terminated|connection error|timeout|not queryable|client was closed|client has encountered|cannot use a pool/i;

/** An index of a partition carries the partition's name; the caller knows the table's. */
const tableConstraint = (name: string): string => name.replace(/^(usage_events)_(default|m\d{6})_/, '$1_');

const known = [
  ForeignKeyViolation,
  StaleWrite,
  StorageBusy,
  StorageFault,
  StorageUnavailable,
  UniqueViolation,
  UnfitParameter,
  UnsafeInteger,
];

export function failureOf(error: unknown): Error {
  if (!(error instanceof Error)) return new StorageFault('unknown', String(error));
  if (known.some((kind) => error instanceof kind)) return error;
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const state = typeof code === 'string' ? code : '';
  const name = typeof constraint === 'string' ? tableConstraint(constraint) : null;
  if (state === '23505') return new UniqueViolation(name ?? 'unknown');
  if (state === '23503') return new ForeignKeyViolation(name);
  if (busyStates.has(state)) return new StorageBusy(error.message, { cause: error });
  if (unavailable.test(state) || socketCodes.has(state) || (state === '' && lostMessage.test(error.message))) {
    return new StorageUnavailable(`PostgreSQL does not answer: ${error.message}`, { cause: error });
  }
  return new StorageFault(state, error.message);
}

/** True for an error after which the connection itself must not be used again. */
export const isConnectionLost = (error: Error): boolean => error instanceof StorageUnavailable;
