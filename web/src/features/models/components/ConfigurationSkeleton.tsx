/** The shape of the list while it loads. It waits a moment before it shows, because most loads are over by then. */
import { useTranslations } from 'use-intl';
import classes from './ConfigurationSkeleton.module.css';

const rows = [0, 1, 2, 3];

export function ConfigurationSkeleton() {
  const t = useTranslations('connections');
  return (
    <output className={classes['skeleton']} data-coming="">
      <span className="pb-unseen">{t('loading')}</span>
      {rows.map((row) => (
        <span key={row} className={classes['row']} aria-hidden="true">
          <span />
          <span />
          <span />
        </span>
      ))}
    </output>
  );
}
