/** The page's language and its texts. A key that one catalogue lacks is a type error, here and wherever it is used. */
import type { Language } from '@patchbay/contract/translate';
import type contractTexts from '@patchbay/contract/messages/en.json';
import type pageTexts from '../messages/en.json';
import { client } from './client.ts';
import { recall, remember } from './storage.ts';

declare module 'use-intl' {
  interface AppConfig {
    Locale: Language;
    Messages: typeof pageTexts;
  }
}

export interface Catalogue {
  /** What the pages say. */
  page: typeof pageTexts;
  /** What the server says, where the page can say it in its own language. */
  contract: typeof contractTexts;
}

/** One language is a file of its own, so that nobody waits for the one that is not read. */
const loaders: Record<Language, () => Promise<[{ default: Catalogue['page'] }, { default: Catalogue['contract'] }]>> = {
  en: () => Promise.all([import('../messages/en.json'), import('@patchbay/contract/messages/en.json')]),
  id: () => Promise.all([import('../messages/id.json'), import('@patchbay/contract/messages/id.json')]),
};
const loaded: Partial<Record<Language, Catalogue>> = {};

let zone: string | undefined;
/** Where the browser is. */
export const timeZone = (): string => (zone ??= new Intl.DateTimeFormat().resolvedOptions().timeZone);

export async function loadCatalogue(language: Language): Promise<Catalogue> {
  const known = loaded[language];
  if (known) return known;
  const [page, contract] = await loaders[language]();
  return (loaded[language] = { page: page.default, contract: contract.default });
}

/** The texts of a language that is loaded, as every language that is shown is. */
export function catalogueOf(language: Language): Catalogue {
  const known = loaded[language];
  if (!known) throw new Error(`the texts of ${language} are not loaded`);
  return known;
}

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
