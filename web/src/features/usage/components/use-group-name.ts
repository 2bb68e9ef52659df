/** What people call a group: its name, else the id of what is gone, else that it belongs to none. */
import { useTranslations } from 'use-intl';
import type { Group } from '../view.ts';

const purposes = ['completion', 'chat', 'probe', 'models', 'health', 'judge'] as const;

export function useGroupName(): (group: Group, key: string | null, name: string | null) => string {
  const t = useTranslations('usage');
  return (group, key, name) => {
    if (key === null) return t(`none.${group}`);
    const purpose = group === 'purpose' ? purposes.find((one) => one === key) : undefined;
    if (purpose !== undefined) return t(`purpose.${purpose}`);
    return name ?? key;
  };
}
