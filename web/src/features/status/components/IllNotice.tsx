/** What fails now, by name, since when and why, with the way there; or that nothing does. */
import type { StatusView } from '@patchbay/contract/status';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Notice } from '../../../ui/Notice.tsx';
import { CheckNow } from './CheckNow.tsx';
import classes from './status.module.css';
import { useStatusWords } from './use-words.ts';

const namedMax = 3;
const ill: ReadonlySet<string> = new Set(['failing', 'quota', 'auth']);

export function IllNotice({ view }: { view: StatusView }) {
  const t = useTranslations('status');
  const { time } = useStatusWords();
  const rows = view.connections
    .filter(({ isActive, state }) => isActive && ill.has(state))
    .toSorted((a, b) => (b.since ?? '').localeCompare(a.since ?? ''));
  if (rows.length === 0) return view.counts.healthy > 0 ? <p className={classes['quiet']}>{t('allWell')}</p> : null;
  return (
    <Notice tone="bad" title={t('failingTitle', { count: rows.length })}>
      <ul className={classes['ill']}>
        {rows.slice(0, namedMax).map((row) => (
          <li key={row.id}>
            <Link to="/connections/$id/health" params={{ id: row.id }}>
              {t('illLine', {
                name: row.name,
                what: row.reasonText ?? t(`state.${row.state}`),
                time: row.since === null ? '—' : time(row.since),
              })}
            </Link>
            <CheckNow id={row.id} name={row.name} />
          </li>
        ))}
      </ul>
      {rows.length > namedMax && <p>{t('andMore', { count: rows.length - namedMax })}</p>}
    </Notice>
  );
}
