/** Which workspace the pages are about. The browser's own list: it can be typed into, and reads itself out. */
import { IconSelector } from '@tabler/icons-react';
import type { Me } from '@patchbay/contract/people';
import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { useWorkspace, workspaceChoice } from '../lib/choices.ts';
import classes from './WorkspaceSwitcher.module.css';

export function WorkspaceSwitcher({ me }: { me: Me }) {
  const t = useTranslations('app');
  const id = useId();
  const workspace = useWorkspace(me);
  if (!workspace) return null;
  return (
    <div className={classes['switcher']}>
      <label htmlFor={id} className="pb-unseen">
        {t('workspace')}
      </label>
      <select
        id={id}
        className={classes['select']}
        value={workspace.id}
        onChange={(event) => workspaceChoice.set(event.currentTarget.value)}
      >
        {me.workspaces.map(({ id: value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <IconSelector className={classes['icon']} size={16} stroke={1.75} aria-hidden="true" />
    </div>
  );
}
