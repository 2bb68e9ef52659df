/** The last requests that failed, so that "it does not work" has an id and a reason. */
import type { RequestRow } from '@patchbay/client/usage';
import { useTranslations } from 'use-intl';
import { When } from '../../../ui/When.tsx';
import classes from './Overview.module.css';

const shownMax = 5;

const hasFailed = ({ status, state }: RequestRow): boolean =>
  state === 'refused' || state === 'unknown' || (status !== null && status >= 400) || (state === 'settled' && status === null);

export function LatestFailures({ requests }: { requests: readonly RequestRow[] }) {
  const t = useTranslations('overview');
  const failed = requests.filter(hasFailed).slice(0, shownMax);
  return (
    <section className={classes['panel']} aria-labelledby="failures">
      <h2 id="failures" className={classes['title']}>
        {t('latest')}
      </h2>
      {failed.length === 0 ? (
        <p className={classes['quiet']}>{t('noFailures')}</p>
      ) : (
        <ul className={classes['list']}>
          {failed.map(({ requestId, at, model, modelAsked, connectionName, status, reason }) => (
            <li key={requestId} className={classes['row']}>
              <span className={classes['status']}>{status ?? '—'}</span>
              <span className={classes['what']}>
                <span className={classes['machine']}>{model || modelAsked}</span>
                {connectionName !== null && <span>{connectionName}</span>}
                {reason !== null && <span className={classes['machine']}>{reason}</span>}
              </span>
              <When iso={at} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
