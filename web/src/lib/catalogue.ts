/** The texts of the page in the language of whoever looks at it. A key that one catalogue lacks is a type error, here and wherever it is used. */
import type { Language } from '@patchbay/contract/translate';
import type contractTexts from '@patchbay/contract/messages/en.json';
import type pageTexts from '../messages/en.json';
import englishTexts from 'texts:en';
import indonesianTexts from 'texts:id';
import { recall } from './storage.ts';
import { wanted } from './wanted.ts';

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

async function fetched(address: string): Promise<Catalogue> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for the texts of the page`);
  return (await answer.json()) as Catalogue;
}

/** One language is a file of its own, so that nobody waits for the one that is not read. */
const addresses: Record<Language, string> = { en: englishTexts, id: indonesianTexts };
const loaded: Partial<Record<Language, Catalogue>> = {};
const loading: Partial<Record<Language, Promise<Catalogue>>> = {};

async function load(language: Language): Promise<Catalogue> {
  try {
    return (loaded[language] = await wanted(() => fetched(addresses[language])));
  } finally {
    delete loading[language];
  }
}

/** Whoever asks while they are on their way waits for the same ones. */
export async function loadCatalogue(language: Language): Promise<Catalogue> {
  return loaded[language] ?? (loading[language] ??= load(language));
}

/** The texts of a language that is loaded, as every language that is shown is. */
export function catalogueOf(language: Language): Catalogue {
  const known = loaded[language];
  if (!known) throw new Error(`the texts of ${language} are not loaded`);
  return known;
}

const isLanguage = (text: unknown): text is Language => text === 'en' || text === 'id';

/** The remembered language, else the first of the browser's that we speak, else English; as first-paint.js does. */
export function firstLanguage(): Language {
  const remembered = recall('patchbay-language');
  if (isLanguage(remembered)) return remembered;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? 'en';
}
