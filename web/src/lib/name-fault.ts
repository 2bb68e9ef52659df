/** A name that a form waits for: what shows nothing is none, as the server says too. */
import { isBlank } from '@patchbay/contract/blank';

export const nameFault = (name: string): true | null => (isBlank(name) ? true : null);
