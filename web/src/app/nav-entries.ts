/**
 * What the navigation lists, in its order: the one list that the sidebar, the drawer, the bottom bar and the palette read.
 *
 * A new page takes three steps, none of which touches another area:
 * 1. its route in the file of its area (`routes-chat.ts`, `routes-keys.ts`, `routes-people.ts`, `routes-admin.ts`, ...; personal
 *    settings in `routes-settings.ts` below `settings`), lazy, named `<Something>Page`;
 * 2. its name in both catalogues as `nav.<key>`;
 * 3. one line here (or, for personal settings, in `settings-entries.ts`). `may` hides what a role can never use.
 */
import {
  IconActivityHeartbeat,
  IconAdjustments,
  IconBell,
  IconBriefcase,
  IconBuilding,
  IconChartBar,
  IconCoin,
  IconCube,
  IconFileSearch,
  IconFolders,
  IconKey,
  IconListDetails,
  IconLayoutDashboard,
  IconListCheck,
  IconMessages,
  IconPlugConnected,
  IconRoute,
  IconServerCog,
  IconSettings,
  IconShieldCheck,
  IconTemplate,
  IconUsers,
  IconUsersGroup,
  type Icon,
} from '@tabler/icons-react';
import type { Me } from '@patchbay/contract/people';
import type { LinkProps } from '@tanstack/react-router';
import type { Messages } from 'use-intl';

export type NavGroup = 'top' | 'gateway' | 'observe' | 'govern' | 'admin' | 'end';

export interface NavEntry {
  to: LinkProps['to'];
  /** Its name is the message `nav.<key>`. */
  key: Exclude<keyof Messages['nav'], 'group'>;
  icon: Icon;
  group: NavGroup;
  /** Hides the page from those who can never use it; left out, everybody sees it. */
  may?: (me: Me) => boolean;
  /** Other beginnings of paths that belong to it, such as the pages of one object. */
  also?: readonly string[];
  /** The letter after `g` that leads there. */
  letter?: string;
}

export const isAdministrator = (me: Me): boolean => me.role === 'administrator';
export const maySeeModels = (me: Me): boolean => isAdministrator(me) || me.permissions.includes('manage_ai_models');

export const mayManageUseCases = (me: Me): boolean => isAdministrator(me) || me.permissions.includes('manage_ai_use_cases');

/** Whoever administers a workspace sees what binds it. */
export const maySeePolicies = (me: Me): boolean => isAdministrator(me) || me.workspaces.some(({ role }) => role === 'ADMIN');

export const mayChat = (me: Me): boolean => me.permissions.includes('use_ai_chat');

export const navEntries: readonly NavEntry[] = [
  { to: '/chat', key: 'chat', icon: IconMessages, group: 'top', letter: 'h', may: mayChat },
  { to: '/', key: 'overview', icon: IconLayoutDashboard, group: 'gateway', letter: 'o' },
  { to: '/settings/ai-connections', key: 'connections', icon: IconPlugConnected, group: 'gateway', letter: 'c', also: ['/connections'] },
  { to: '/admin/ai_models', key: 'models', icon: IconCube, group: 'gateway', may: maySeeModels },
  { to: '/admin/ai_use_cases', key: 'useCases', icon: IconBriefcase, group: 'gateway', may: mayManageUseCases, letter: 'u' },
  { to: '/admin/tasks', key: 'tasks', icon: IconListCheck, group: 'admin', may: isAdministrator, letter: 't' },
  { to: '/keys', key: 'keys', icon: IconKey, group: 'gateway', letter: 'k' },
  { to: '/routing', key: 'routing', icon: IconRoute, group: 'gateway', also: ['/routing'] },
  { to: '/repositories', key: 'repositories', icon: IconFolders, group: 'gateway', letter: 'r' },
  { to: '/usage', key: 'usage', icon: IconChartBar, group: 'observe', letter: 'b' },
  { to: '/requests', key: 'requests', icon: IconListDetails, group: 'observe', letter: 'q' },
  { to: '/status', key: 'status', icon: IconActivityHeartbeat, group: 'observe', letter: 's' },
  { to: '/alerts', key: 'alerts', icon: IconBell, group: 'observe', letter: 'a', also: ['/alerts'] },
  { to: '/policies', key: 'policies', icon: IconShieldCheck, group: 'govern', may: maySeePolicies, letter: 'p', also: ['/policies'] },
  { to: '/audit', key: 'workspaceAudit', icon: IconFileSearch, group: 'govern', may: maySeePolicies },
  { to: '/members', key: 'members', icon: IconUsersGroup, group: 'govern' },
  { to: '/admin/ai_settings', key: 'aiSettings', icon: IconAdjustments, group: 'admin', may: isAdministrator },
  { to: '/admin/users', key: 'users', icon: IconUsers, group: 'admin', may: isAdministrator },
  { to: '/admin/templates', key: 'templates', icon: IconTemplate, group: 'admin', may: isAdministrator },
  { to: '/admin/prices', key: 'prices', icon: IconCoin, group: 'admin', may: isAdministrator },
  { to: '/admin/audit', key: 'audit', icon: IconFileSearch, group: 'admin', may: isAdministrator },
  { to: '/admin/workspaces', key: 'workspaces', icon: IconBuilding, group: 'admin', may: isAdministrator },
  { to: '/admin/system', key: 'system', icon: IconServerCog, group: 'admin', may: isAdministrator, letter: 'y' },
  { to: '/settings', key: 'settings', icon: IconSettings, group: 'end' },
];

/** The groups in their order; the first and the last go without a heading. */
export const navGroups: readonly NavGroup[] = ['top', 'gateway', 'observe', 'govern', 'admin', 'end'];
