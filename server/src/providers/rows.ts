/** The catalogue's rows in the order in which forms offer them: the default first, then the known ones, then by name. */
import { firstRows } from './rows-first.ts';
import { hostedRows } from './rows-hosted.ts';
import { moreRows } from './rows-more.ts';
import type { ProviderRow } from './row.ts';

export const rows: readonly ProviderRow[] = [...firstRows, ...hostedRows, ...moreRows];
