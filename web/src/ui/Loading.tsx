/** Three quiet lines in the place of a list that loads; they wait a moment, because most loads are over by then. */
import { useTranslations } from 'use-intl';
import classes from './Loading.module.css';

/** @param isAsked somebody pressed something to see it: what they saw before stays as it is */
export function Loading({ isAsked = false }: { isAsked?: boolean }) {
  const t = useTranslations('secret');
  return (
    <output className={classes['loading']} data-coming={isAsked ? undefined : ''}>
      <span className={classes['said']}>{t('loading')}</span>
      <span aria-hidden="true" />
      <span aria-hidden="true" />
      <span aria-hidden="true" />
    </output>
  );
}

/** For a part that has nothing to show most of the time, and so no lines in its place either. */
export const Coming = () => <span data-coming="" hidden />;
