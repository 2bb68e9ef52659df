/** What wants doing, each with the way there. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Status, type Tone } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import type { Attention } from '../attention.ts';
import { useFigures } from '../use-figures.ts';
import classes from './Overview.module.css';

/** More than these are a list, and there is one. */
const shownMax = 8;
/** What providers failed at: whatever we refuse ourselves is in no error rate. */
const failedOnes = { outcome: 'failed', state: 'settled' };

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
  const { share, count } = useFigures();
  switch (item.kind) {
    case 'failing':
      return (
        <Said tone="bad" text={t('isFailing', { name: item.name })} since={item.testedAt}>
          <Fix id={item.id} name={item.name} />
        </Said>
      );
    case 'ill':
      return (
        <Said
          tone="bad"
          text={item.what === null ? t('isFailing', { name: item.name }) : t('isIll', { name: item.name, what: item.what })}
          since={item.since}
        >
          <Link
            to="/connections/$id/health"
            params={{ id: item.id }}
            className={classes['link']}
            aria-label={t('lookNamed', { name: item.name })}
          >
            {t('look')}
          </Link>
        </Said>
      );
    case 'oldKey':
      return (
        <Said tone="warn" text={t('oldKey', { name: item.name, days: item.days })}>
          <Fix id={item.id} name={item.name} />
        </Said>
      );
    case 'errors':
      return (
        <Said tone="bad" text={t('errorsToday', { share: share(item.share), count: count(item.failed), all: count(item.attempts) })}>
          <Link to="/requests" search={failedOnes} className={classes['link']} aria-label={t('lookErrors')}>
            {t('look')}
          </Link>
        </Said>
      );
    case 'noDefault':
      return (
        <Said tone="warn" text={t('noDefault')}>
          <Link to="/settings/ai-connections" className={classes['link']}>
            {t('choose')}
          </Link>
        </Said>
      );
  }
}

/** One line: what there is, and at its end since when and the way there, which stay together where there is no room for all. */
function Said({ tone, text, since = null, children }: { tone: Tone; text: string; since?: string | null; children: ReactNode }) {
  return (
    <>
      <span className={classes['said']}>
        <Status tone={tone} text={text} />
      </span>
      <span className={classes['end']}>
        {since !== null && <When iso={since} />}
        {children}
      </span>
    </>
  );
}

function Fix({ id, name }: { id: string; name: string }) {
  const t = useTranslations('overview');
  return (
    <Link to="/settings/ai-connections/$id/edit" params={{ id }} className={classes['link']} aria-label={t('fixNamed', { name })}>
      {t('fix')}
    </Link>
  );
}
