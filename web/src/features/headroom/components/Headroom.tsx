/** What is left of a provider's own rate limits, as it last said: the scarcest first, each as a meter with its figures. */
import { useQuery } from '@tanstack/react-query';
import type { Headroom as Said } from '@patchbay/contract/headroom';
import { useFormatter, useTranslations } from 'use-intl';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { headroomQuery } from '../api/headroom.ts';
import classes from './Headroom.module.css';

const tones = { ample: 'ok', low: 'warn', exhausted: 'bad' } as const;

export function Headroom({ id, organization }: { id: string; organization: string }) {
  const t = useTranslations('headroom');
  const { data, isPending, error, refetch } = useQuery(headroomQuery(id));
  return (
    <Panel title={t('title')} text={t('text')}>
      {isPending && <Loading />}
      {error && data === undefined && <Failure error={error} organization={organization} onRetry={() => void refetch()} />}
      {data === null && <p className={classes['hint']}>{t('nothing')}</p>}
      {data && <Told said={data} />}
    </Panel>
  );
}

function Told({ said }: { said: Said }) {
  const t = useTranslations('headroom');
  const format = useFormatter();
  const until = (iso: string): string => format.dateTime(new Date(iso), { timeStyle: 'medium' });
  return (
    <>
      <p className={classes['head']}>
        <Status tone={tones[said.level]} text={t(`level.${said.level}`)} />
        <span>
          {t('seen', { model: said.model })} <When iso={said.seenAt} />
        </span>
        {said.waitUntil !== null && <span>{t('wait', { until: until(said.waitUntil) })}</span>}
      </p>
      <ul className={classes['list']}>
        {said.figures.map((figure) => {
          const name = t(`of.${figure.measure}`);
          const { limit, remaining } = figure;
          return (
            <li key={`${figure.measure} ${figure.window} ${figure.isOfProject}`}>
              <span className={classes['name']}>
                {name}
                {figure.window !== null && ` ${t(`per.${figure.window}`)}`}
                {figure.isOfProject && ` · ${t('project')}`}
              </span>
              {limit !== null && remaining !== null && (
                <meter aria-label={name} min={0} max={Math.max(1, limit)} low={limit / 10} value={Math.min(limit, remaining)} />
              )}
              <span className={classes['figures']}>
                {remaining === null
                  ? t('limit', { limit: limit ?? 0 })
                  : limit === null
                    ? t('left', { remaining })
                    : t('leftOf', { remaining, limit })}
                {figure.resetAt !== null && ` · ${t('reset', { at: until(figure.resetAt) })}`}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
