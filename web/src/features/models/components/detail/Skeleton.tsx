/** Stands where rows will be, so that nothing jumps when they come. */
import { useTranslations } from 'use-intl';
import classes from './Detail.module.css';

export function Skeleton({ rows }: { rows: number }) {
  const t = useTranslations('detail');
  return (
    <output className={classes['skeleton']} data-coming="">
      <span className="pb-unseen">{t('loading')}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className={classes['line']} aria-hidden="true" />
      ))}
    </output>
  );
}
