/** One text in one language, from the catalogue that server and web share. A missing Indonesian key is a type error. */
import { createTranslator } from 'use-intl/core';
import en from './messages/en.json' with { type: 'json' };
import id from './messages/id.json' with { type: 'json' };

export type Language = 'en' | 'id';
export const languages: readonly Language[] = ['en', 'id'];

const catalogues: Record<Language, typeof en> = { en, id };
type Translate = (key: string, values?: Record<string, string | number>) => string;
const translators = new Map<Language, Translate>();

/** The text behind a dotted key, `errors.NOT_FOUND`. Values are plain text: markup in them stays text. */
export function translate(language: Language, key: string, values: Readonly<Record<string, string | number>> = {}): string {
  let translator = translators.get(language);
  if (!translator) {
    translator = createTranslator({ locale: language, messages: catalogues[language] }) as unknown as Translate;
    translators.set(language, translator);
  }
  return translator(key, { ...values });
}

/** The best of our languages for an Accept-Language header (RFC 9110, 12.5.4); English where none fits. */
export function languageOf(header: string | undefined): Language {
  const wanted = (header ?? '')
    .slice(0, 500)
    .split(',')
    .map((part, index) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const q = parameters.map((parameter) => /^\s*q=([01](?:\.\d{1,3})?)\s*$/.exec(parameter)?.[1]).find(Boolean);
      return { language: tag.trim().split('-')[0] ?? '', q: q === undefined ? 1 : Math.min(1, Number(q)), index };
    })
    .filter((entry) => entry.q > 0 && (languages as readonly string[]).includes(entry.language === 'in' ? 'id' : entry.language))
    .toSorted((a, b) => b.q - a.q || a.index - b.index);
  const best = wanted[0]?.language;
  return best === 'id' || best === 'in' ? 'id' : 'en';
}
