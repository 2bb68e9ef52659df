/** A day and a time in one, without the year. */
import type { Language } from '@patchbay/contract/translate';

/** For the formatter: `Nov 20, 3:04 AM` and `20 Nov, 03.04`. Only Indonesian writes the first hours with two digits. */
export const dayTime = (language: Language) =>
  ({ day: 'numeric', month: 'short', hour: language === 'id' ? '2-digit' : 'numeric', minute: '2-digit' }) as const;
