/** What the palette offers: pages, objects that are known, and commands, each also by its words in the other language. */
import { useMantineColorScheme } from '@mantine/core';
import type { Me } from '@patchbay/contract/people';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useRouter } from '@tanstack/react-router';
import { useLocale, useTranslations } from 'use-intl';
import en from 'words:en';
import id from 'words:id';
import { aiConnectionsQuery } from '../features/models/api/ai-connections.ts';
import type { PaletteItem } from '../features/palette/items.ts';
import { useTestAll } from '../features/tasks/api/test-all.ts';
import { workspaceChoice } from '../lib/choices.ts';
import type pageTexts from '../messages/en.json';
import { useLanguage } from '../ui/LanguageProvider.tsx';
import type { PreferenceChange } from '../ui/Preferences.tsx';
import { navEntries, type NavEntry } from './nav-entries.ts';
import { accessKeysQuery, membersQuery } from './palette-queries.ts';
import { settingsEntries } from './settings-entries.ts';

const inBoth = (of: 'nav' | 'command', key: string): string[] => [en, id].map((words) => words[of][key] ?? '');
const both = (key: NavEntry['key']): string[] => inBoth('nav', key);
type Command = Exclude<keyof (typeof pageTexts)['palette']['command'], 'workspace'>;
/** A text with a value in it is found by what stands around the value. */
const wordsOf = (message: string): string => message.replaceAll(/\{[^}]*\}/g, ' ');
const commandWords = (key: Command | 'workspace'): string[] => inBoth('command', key).map(wordsOf);

export function usePaletteItems(me: Me, onPreference: (change: PreferenceChange) => void, onShortcuts: () => void): PaletteItem[] {
  return [...usePages(me), ...useObjects(), ...useCommands(me, onPreference, onShortcuts)];
}

function usePages(me: Me): PaletteItem[] {
  const t = useTranslations('nav');
  const navigate = useNavigate();
  return [...navEntries, ...settingsEntries]
    .filter(({ may }) => may?.(me) !== false)
    .map(({ to, key }) => ({
      id: `page ${key}`,
      group: 'pages',
      label: t(key),
      words: both(key),
      run: () => void navigate({ to }),
    }));
}

function useObjects(): PaletteItem[] {
  const t = useTranslations('palette');
  const { data: connections = [] } = useQuery(aiConnectionsQuery);
  const { data: keys = [] } = useQuery(accessKeysQuery);
  const { data: members = [] } = useQuery(membersQuery);
  const navigate = useNavigate();
  const has = useHasPage();
  const open = (path: string): void => void navigate({ href: path });
  return [
    ...connections
      .filter(({ scope }) => scope !== 'environment')
      .map(({ id, name, provider, defaultModel, isReadOnly }): PaletteItem => {
        const edit = { id: 'edit', label: t('edit'), run: () => open(`/settings/ai-connections/${id}/edit`) };
        const show = { id: 'open', label: t('open'), run: () => open(`/connections/${id}`) };
        const actions = [...(has('/connections/$id') ? [show] : []), ...(isReadOnly ? [] : [edit])];
        const first = actions[0] ?? { run: () => open('/settings/ai-connections') };
        return {
          id,
          group: 'objects',
          label: name,
          detail: t('connection'),
          words: [provider, defaultModel ?? ''],
          run: first.run,
          actions,
        };
      }),
    ...(has('/keys') ? keys : []).map(({ id, name, last4 }): PaletteItem => ({
      id,
      group: 'objects',
      label: name,
      detail: t('key'),
      words: [last4],
      run: () => open('/keys'),
    })),
    ...(has('/members') ? members : []).map(({ id, name, email }): PaletteItem => ({
      id,
      group: 'objects',
      label: name,
      detail: email,
      words: [email],
      run: () => open('/members'),
    })),
  ];
}

function useCommands(me: Me, onPreference: (change: PreferenceChange) => void, onShortcuts: () => void): PaletteItem[] {
  const t = useTranslations('palette');
  const locale = useLocale();
  const navigate = useNavigate();
  const { setLanguage } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const testAll = useTestAll();
  const themed = (theme: 'auto' | 'light' | 'dark') => (): void => {
    setColorScheme(theme);
    onPreference({ theme });
  };
  const spoken = (language: 'en' | 'id') => (): void => {
    setLanguage(language);
    onPreference({ language });
  };
  const runs: Record<Command, () => void> = {
    add: () => void navigate({ to: '/settings/ai-connections/new' }),
    testAll: () => testAll.mutate(),
    themeLight: themed('light'),
    themeDark: themed('dark'),
    themeAuto: themed('auto'),
    languageEn: spoken('en'),
    languageId: spoken('id'),
    shortcuts: onShortcuts,
  };
  const commands = (Object.keys(runs) as Command[])
    .filter((key) => key !== (locale === 'en' ? 'languageEn' : 'languageId'))
    .map((key): PaletteItem => ({
      id: `do ${key}`,
      group: 'commands',
      label: t(`command.${key}`),
      words: commandWords(key),
      run: runs[key],
    }));
  const workspaces = me.workspaces.map(({ id, name }): PaletteItem => ({
    id: `workspace ${id}`,
    group: 'commands',
    label: t('command.workspace', { name }),
    words: commandWords('workspace'),
    run: () => workspaceChoice.set(id),
  }));
  return [...commands, ...(workspaces.length > 1 ? workspaces : [])];
}

/** Whether a page exists; areas add theirs in files of their own. */
export function useHasPage(): (path: string) => boolean {
  const router = useRouter();
  const paths = new Set(Object.keys(router.routesByPath));
  return (path) => paths.has(path);
}
