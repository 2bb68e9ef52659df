/** Language and theme, side by side; whoever shows them decides where the choice is kept. */
import { SegmentedControl, useMantineColorScheme, VisuallyHidden, type MantineColorScheme } from '@mantine/core';
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react';
import type { Language } from '@patchbay/contract/translate';
import { useTranslations } from 'use-intl';
import { useLanguage } from './LanguageProvider.tsx';
import classes from './Preferences.module.css';

export interface PreferenceChange {
  language?: Language;
  theme?: MantineColorScheme;
}

/** The languages call themselves by their own names, in every language. */
const languageNames = { en: { short: 'EN', name: 'English' }, id: { short: 'ID', name: 'Bahasa Indonesia' } };
const themeIcons = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon };

export function Preferences({ onChange }: { onChange?: (change: PreferenceChange) => void }) {
  const t = useTranslations('app');
  const { language, setLanguage } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const themeNames = { auto: t('themeAuto'), light: t('themeLight'), dark: t('themeDark') };
  const themes = (['auto', 'light', 'dark'] as const).map((value) => {
    const Icon = themeIcons[value];
    const label = (
      <span className={classes['icon']} title={themeNames[value]}>
        <Icon size={16} stroke={1.75} aria-hidden="true" />
        <VisuallyHidden>{themeNames[value]}</VisuallyHidden>
      </span>
    );
    return { value, label };
  });
  const languages = (['en', 'id'] as const).map((value) => ({
    value,
    label: (
      <span lang={value} title={languageNames[value].name}>
        <span aria-hidden="true">{languageNames[value].short}</span>
        <VisuallyHidden>{languageNames[value].name}</VisuallyHidden>
      </span>
    ),
  }));
  return (
    <div className={classes['preferences']}>
      <SegmentedControl
        aria-label={t('language')}
        size="xs"
        data={languages}
        value={language}
        onChange={(value) => {
          setLanguage(value);
          onChange?.({ language: value });
        }}
      />
      <SegmentedControl
        aria-label={t('theme')}
        size="xs"
        data={themes}
        value={colorScheme}
        onChange={(value) => {
          setColorScheme(value);
          onChange?.({ theme: value });
        }}
      />
    </div>
  );
}
