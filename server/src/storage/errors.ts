/** The ways in which storage fails, the same on both engines. No message carries a value of a row or a parameter. */

/** A unique index or primary key refused the row. `constraint` is its name, the same on both engines. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation';
  readonly constraint: string;
  constructor(constraint: string, options?: ErrorOptions) {
    super(`a row with the same ${constraint} exists`, options);
    this.constraint = constraint;
  }
}

/** A row that is referred to is missing, or one that is referred to would go. SQLite does not say which reference it was. */
export class ForeignKeyViolation extends Error {
  override readonly name = 'ForeignKeyViolation';
  readonly constraint: string | null;
  constructor(constraint: string | null, options?: ErrorOptions) {
    super(`a reference would point nowhere${constraint === null ? '' : ` (${constraint})`}`, options);
    this.constraint = constraint;
  }
}

/** A step of a batch touched another number of rows than it had to; nothing of the batch was kept. */
export class StaleWrite extends Error {
  override readonly name = 'StaleWrite';
  readonly label: string | null;
  /** Index of the step in the batch. */
  readonly step: number;
  constructor(label: string | null, step: number) {
    super(`step ${step}${label === null ? '' : ` (${label})`} did not touch the rows it expected`);
    this.label = label;
    this.step = step;
  }
}

/** Locked, in a deadlock, or too slow for its lane: nothing was kept, and the same call may succeed later. */
export class StorageBusy extends Error {
  override readonly name = 'StorageBusy';
  readonly isRetryable = true;
}

/** The database cannot be reached or cannot write (connection lost, disk full). A write may or may not have been kept. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

/** The database must not be used: held by another process, newer than this program, damaged. The start ends with exit code 78. */
export class StorageStartError extends Error {
  override readonly name = 'StorageStartError';
}

/** Another process holds the data directory; the command line then has other advice to give than a start has. */
export class DataDirectoryLocked extends StorageStartError {}

export const nulReason = 'contains U+0000';

/** A parameter that no engine may be handed: a Date, undefined, an object, an integer beyond 2^53, a text with U+0000. */
export class UnfitParameter extends Error {
  override readonly name = 'UnfitParameter';
  /** Index of the parameter, from 0. */
  readonly index: number;
  /** The only reason that lies in what somebody sent; all others are faults of ours. */
  readonly isNulCharacter: boolean;
  constructor(index: number, reason: string) {
    super(`parameter $${index + 1} ${reason}`);
    this.index = index;
    this.isNulCharacter = reason === nulReason;
  }
}

/** An integer came back that JavaScript cannot hold exactly (beyond 2^53). */
export class UnsafeInteger extends Error {
  override readonly name = 'UnsafeInteger';
}

/** Anything else, our bug: bad SQL, a CHECK that fails, a type that does not fit. `code` is the engine's own. */
export class StorageFault extends Error {
  override readonly name = 'StorageFault';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
