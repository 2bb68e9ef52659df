/** The page's language and its texts. A key that one catalogue lacks is a type error, here and wherever it is used. */
import type { Language } from '@patchbay/contract/translate';
import type contractTexts from '@patchbay/contract/messages/en.json';
import type pageTexts from '../messages/en.json';
import englishTexts from 'texts:en';
import indonesianTexts from 'texts:id';
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

/** A deployment that ended while the page was open took its files along: whoever hears of that loads the page anew. */
async function fetched(address: string): Promise<Catalogue['page']> {
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${answer.status} for the texts of the page`);
    return (await answer.json()) as Catalogue['page'];
  } catch (error) {
    dispatchEvent(Object.assign(new Event('vite:preloadError', { cancelable: true }), { payload: error }));
    throw error;
  }
}

/** One language is a file of its own, so that nobody waits for the one that is not read. */
const loaders: Record<Language, () => Promise<[Catalogue['page'], { default: Catalogue['contract'] }]>> = {
  en: () => Promise.all([fetched(englishTexts), import('@patchbay/contract/messages/en.json')]),
  id: () => Promise.all([fetched(indonesianTexts), import('@patchbay/contract/messages/id.json')]),
};
const loaded: Partial<Record<Language, Catalogue>> = {};

let zone: string | undefined;
/** Where the browser is. */
export const timeZone = (): string => (zone ??= new Intl.DateTimeFormat().resolvedOptions().timeZone);

export async function loadCatalogue(language: Language): Promise<Catalogue> {
  const known = loaded[language];
  if (known) return known;
  const [page, contract] = await loaders[language]();
  return (loaded[language] = { page, contract: contract.default });
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
