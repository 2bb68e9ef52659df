/** What wants doing, each with the way there. */
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import type { Attention } from '../attention.ts';
import { useFigures } from '../use-figures.ts';
import classes from './Overview.module.css';

/** More than these are a list, and there is one. */
const shownMax = 8;

export function AttentionList({ items }: { items: readonly Attention[] }) {
  const t = useTranslations('overview');
  return (
    <section className={classes['panel']} aria-labelledby="attention">
      <h2 id="attention" className={classes['title']}>
        {t('attention')}
      </h2>
      {items.length === 0 ? (
        <p className={classes['quiet']}>{t('nothing')}</p>
      ) : (
        <ul className={classes['list']}>
          {items.slice(0, shownMax).map((item) => (
            <li key={`${item.kind} ${'id' in item ? item.id : ''}`} className={classes['row']}>
              <Line item={item} />
            </li>
          ))}
        </ul>
      )}
      {items.length > shownMax && <p className={classes['quiet']}>{t('more', { count: items.length - shownMax })}</p>}
    </section>
  );
}

function Line({ item }: { item: Attention }) {
  const t = useTranslations('overview');
  const { share } = useFigures();
  switch (item.kind) {
    case 'failing':
      return (
        <>
          <Status tone="bad" text={t('isFailing', { name: item.name })} />
          {item.testedAt !== null && <When iso={item.testedAt} />}
          <Fix id={item.id} name={item.name} />
        </>
      );
    case 'ill':
      return (
        <>
          <Status
            tone="bad"
            text={item.what === null ? t('isFailing', { name: item.name }) : t('isIll', { name: item.name, what: item.what })}
          />
          <When iso={item.since} />
          <Link
            to="/connections/$id/health"
            params={{ id: item.id }}
            className={classes['link']}
            aria-label={t('lookNamed', { name: item.name })}
          >
            {t('look')}
          </Link>
        </>
      );
    case 'oldKey':
      return (
        <>
          <Status tone="warn" text={t('oldKey', { name: item.name, days: item.days })} />
          <Fix id={item.id} name={item.name} />
        </>
      );
    case 'errors':
      return <Status tone="bad" text={t('errorsToday', { share: share(item.share), count: item.failed })} />;
    case 'noDefault':
      return (
        <>
          <Status tone="warn" text={t('noDefault')} />
          <Link to="/settings/ai-connections" className={classes['link']}>
            {t('choose')}
          </Link>
        </>
      );
  }
}

function Fix({ id, name }: { id: string; name: string }) {
  const t = useTranslations('overview');
  return (
    <Link to="/settings/ai-connections/$id/edit" params={{ id }} className={classes['link']} aria-label={t('fixNamed', { name })}>
      {t('fix')}
    </Link>
  );
}
