/** Turns what the database refuses into what the caller is told. */
import { Refusal } from '../domain/errors.ts';
import { ForeignKeyViolation, StaleWrite, UniqueViolation } from '../storage/errors.ts';

/**
 * Runs a write and answers with the refusal that stands for the condition which failed: `by` maps labels of steps and names of
 * unique indexes; `reference` stands for a row that is referred to and not there. Everything else is thrown on.
 */
export async function refusing<T>(work: Promise<T>, by: Record<string, () => Refusal>, reference?: () => Refusal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ForeignKeyViolation && reference) throw reference();
    const name = error instanceof StaleWrite ? error.label : error instanceof UniqueViolation ? error.constraint : null;
    const refusal = name === null ? undefined : by[name];
    throw refusal ? refusal() : error;
  }
}

export const notFound = (): Refusal => new Refusal('NOT_FOUND');

/** The row was changed or is gone since it was read, and it is not known which. */
export const stale = (): Refusal => new Refusal('STALE');

/** A change that met somebody else's is read and decided again this often. */
const triesMax = 4;

/** Reads and decides again where somebody else was faster; a thing that is gone by then is told as such. @throws Refusal STALE in the end */
export async function againWhileStale<T>(run: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'STALE' || tried >= triesMax) throw error;
    }
  }
}
