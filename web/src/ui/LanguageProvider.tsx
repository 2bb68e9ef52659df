/** Holds the language of the page. A change re-renders the texts and nothing else: forms keep what was typed. */
import { createContext, use, useCallback, useMemo, useState, type ReactNode } from 'react';
import type { Language } from '@patchbay/contract/translate';
import { IntlProvider } from 'use-intl';
import { announceLanguage, timeZone } from '../lib/language.ts';
import { catalogueOf, firstLanguage, loadCatalogue } from '../lib/catalogue.ts';

interface LanguageChoice {
  language: Language;
  setLanguage: (language: Language) => void;
}

const Choice = createContext<LanguageChoice | null>(null);

export function useLanguage(): LanguageChoice {
  const choice = use(Choice);
  if (!choice) throw new Error('useLanguage needs a LanguageProvider around it');
  return choice;
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setShown] = useState<Language>(() => {
    const first = firstLanguage();
    announceLanguage(first);
    return first;
  });
  const setLanguage = useCallback((next: Language) => {
    // Where the texts cannot be had, the page stays in the language that it has.
    loadCatalogue(next).then(
      () => {
        announceLanguage(next);
        setShown(next);
      },
      () => undefined,
    );
  }, []);
  const choice = useMemo(() => ({ language, setLanguage }), [language, setLanguage]);
  return (
    <Choice value={choice}>
      <IntlProvider locale={language} messages={catalogueOf(language).page} timeZone={timeZone()}>
        {children}
      </IntlProvider>
    </Choice>
  );
}
