/** Takes over the language and theme that a person chose elsewhere, once per sign-in; later choices here win. */
import { useMantineColorScheme } from '@mantine/core';
import type { Me } from '@patchbay/contract/people';
import { useEffect, useRef } from 'react';
import { useLanguage } from '../ui/LanguageProvider.tsx';

export function useProfilePreferences(me: Me): void {
  const { setLanguage } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const takenFor = useRef<string | null>(null);
  useEffect(() => {
    if (takenFor.current === me.id) return;
    takenFor.current = me.id;
    setLanguage(me.language);
    setColorScheme(me.theme);
  }, [me, setLanguage, setColorScheme]);
}
