/** The pages of the personal settings in their order; a page adds one line here and its name in the catalogues as `nav.<key>`. */
import { IconApi, IconPalette, IconShieldLock, IconUser } from '@tabler/icons-react';
import type { NavEntry } from './nav-entries.ts';

export const settingsEntries: readonly Pick<NavEntry, 'to' | 'key' | 'icon' | 'may'>[] = [
  { to: '/settings/profile', key: 'profile', icon: IconUser },
  { to: '/settings/appearance', key: 'appearance', icon: IconPalette },
  { to: '/settings/security', key: 'security', icon: IconShieldLock },
  { to: '/settings/tokens', key: 'tokens', icon: IconApi },
];
