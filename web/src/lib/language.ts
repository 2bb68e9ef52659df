/** What follows the language of the page, and the time zone that its moments are told in. */
import type { Language } from '@patchbay/contract/translate';
import { client } from './client.ts';
import { remember } from './storage.ts';

let zone: string | undefined;
/** Where the browser is. */
export const timeZone = (): string => (zone ??= new Intl.DateTimeFormat().resolvedOptions().timeZone);

/** Where the browser is, for the server; nothing where the browser does not know it. */
export const ownZone = (): { timeZone?: string } => (timeZone() === 'Etc/Unknown' ? {} : { timeZone: timeZone() });

/** Tells the document, the client and the browser's memory. */
export function announceLanguage(language: Language): void {
  document.documentElement.lang = language;
  client.setLanguage(language);
  remember('patchbay-language', language);
}
