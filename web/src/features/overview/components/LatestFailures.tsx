/** The last requests that failed, so that "it does not work" has an id and a reason; what Patchbay itself refused is no failure and is told apart. */
import type { RequestRow } from '@patchbay/client/usage';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { useReasonText } from '../../../lib/reason-text.ts';
import { When } from '../../../ui/When.tsx';
import classes from './Overview.module.css';

const shownMax = 5;

const isRefused = ({ state }: RequestRow): boolean => state === 'refused';
const hasFailed = ({ status, state }: RequestRow): boolean =>
  state === 'unknown' || (status !== null && status >= 400) || (state === 'settled' && status === null);

export function LatestFailures({ requests }: { requests: readonly RequestRow[] }) {
  const t = useTranslations('overview');
  const reasonText = useReasonText();
  const failed = requests.filter((request) => !isRefused(request) && hasFailed(request)).slice(0, shownMax);
  const refused = requests.filter(isRefused).length;
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
                {reason !== null && <span title={reason}>{reasonText(reason)}</span>}
              </span>
              <span className={classes['end']}>
                <When iso={at} />
                <Link
                  to="/requests/$id"
                  params={{ id: requestId }}
                  className={classes['link']}
                  aria-label={t('lookRequest', { model: model || modelAsked })}
                >
                  {t('look')}
                </Link>
              </span>
            </li>
          ))}
        </ul>
      )}
      {refused > 0 && <p className={classes['quiet']}>{t('refused', { count: refused, all: requests.length })}</p>}
    </section>
  );
}
