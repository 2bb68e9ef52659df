/** What the administrators' list says before there is a model in it. */
import { IconCube } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import classes from '../../../ui/Blank.module.css';
import { AddModelLink } from './AddModelLink.tsx';

export function ModelsEmpty() {
  const t = useTranslations('models');
  return (
    <div className={classes['blank']}>
      <IconCube className={classes['icon']} size={28} stroke={1.5} aria-hidden="true" />
      <h2 className={classes['title']}>{t('emptyTitle')}</h2>
      <p className={classes['text']}>{t('empty')}</p>
      <AddModelLink />
    </div>
  );
}
