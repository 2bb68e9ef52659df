/** Three quiet lines in the place of a list that loads; they wait a moment, because most loads are over by then. */
import { useTranslations } from 'use-intl';
import classes from './Loading.module.css';

export function Loading() {
  const t = useTranslations('secret');
  return (
    <output className={classes['loading']}>
      <span className={classes['said']}>{t('loading')}</span>
      <span aria-hidden="true" />
      <span aria-hidden="true" />
      <span aria-hidden="true" />
    </output>
  );
}
