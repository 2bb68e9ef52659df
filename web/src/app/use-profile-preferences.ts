/** Takes over the language and theme that a person chose elsewhere, once per sign-in; later choices here win, and what the server has put into words is asked for again. */
import { useMantineColorScheme } from '@mantine/core';
import type { Me } from '@patchbay/contract/people';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useLanguage } from '../ui/LanguageProvider.tsx';

export function useProfilePreferences(me: Me): void {
  const { language, setLanguage } = useLanguage();
  const queries = useQueryClient();
  const spoken = useRef(language);
  const { setColorScheme } = useMantineColorScheme();
  const takenFor = useRef<string | null>(null);
  useEffect(() => {
    if (takenFor.current === me.id) return;
    takenFor.current = me.id;
    setLanguage(me.language);
    setColorScheme(me.theme);
  }, [me, setLanguage, setColorScheme]);
  useEffect(() => {
    if (spoken.current === language) return;
    spoken.current = language;
    // Some names come from the server in the language of the question.
    void queries.invalidateQueries();
  }, [language, queries]);
}
