/** The page's language and its texts. A key that one catalogue lacks is a type error, here and wherever it is used. */
import type { Language } from '@patchbay/contract/translate';
import en from '../messages/en.json';
import id from '../messages/id.json';
import { client } from './client.ts';
import { recall, remember } from './storage.ts';

declare module 'use-intl' {
  interface AppConfig {
    Locale: Language;
    Messages: typeof en;
  }
}

export const catalogues: Record<Language, typeof en> = { en, id };

export const isLanguage = (text: unknown): text is Language => text === 'en' || text === 'id';

/** The remembered language, else the first of the browser's that we speak, else English; as first-paint.js does. */
export function firstLanguage(): Language {
  const remembered = recall('patchbay-language');
  if (isLanguage(remembered)) return remembered;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? 'en';
}

/** Tells the document, the client and the browser's memory. */
export function announceLanguage(language: Language): void {
  document.documentElement.lang = language;
  client.setLanguage(language);
  remember('patchbay-language', language);
}
