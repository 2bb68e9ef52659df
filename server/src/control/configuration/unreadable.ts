/** Secrets that the file names, that cannot be read where it is applied, and in whose place nothing that is stored can stay. */
import { unfit, type Refusal } from '../../domain/errors.ts';

export const elsewhere = 'the stored value belongs to another address';
export const unopened = 'the stored value does not open';

export const unreadable = (path: string, reference: string, why = 'there is no stored value yet'): Refusal =>
  unfit({ path, code: 'secret_missing', message: `${reference} cannot be read here, and ${why}` });
