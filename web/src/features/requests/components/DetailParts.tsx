/** What policies and limits said of a request, and what it cost by which prices. */
import type { RequestDetail } from '@patchbay/client/requests';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyColumn, moneyText, priceText } from '../../../lib/money.ts';
import { Status } from '../../../ui/Status.tsx';
import classes from './requests.module.css';

const nanoPerUsd = 1e9;

export function Findings({ findings, limits }: Pick<RequestDetail, 'findings' | 'limits'>) {
  const t = useTranslations('requests');
  const format = useFormatter();
  if (findings.length + limits.length === 0) return <p className={classes['hint']}>{t('nothingFound')}</p>;
  const amount = (kind: string, value: number): string => (kind === 'money' ? moneyText(format, value / nanoPerUsd) : format.number(value));
  return (
    <ul className={classes['found']}>
      {findings.map((found) => (
        <li key={`${found.policyId} ${found.stage}`}>
          <Status tone={found.isBlocked ? 'bad' : 'warn'} text={found.policyName} />
          <span className={classes['hint']}>
            {t(`stageOf.${found.stage}`)} · {t(found.isBlocked ? 'blocked' : `actionOf.${found.action}`)}
          </span>
          {found.facts.map(({ rule, name, count, excerpt }) => (
            <span key={`${rule} ${name}`} className={classes['hint']}>
              <code>
                {rule}: {name}
              </code>
              {count > 1 && ` × ${count}`} {excerpt !== null && <code>{excerpt}</code>}
            </span>
          ))}
        </li>
      ))}
      {limits.map((limit) => (
        <li key={`${limit.at} ${limit.subjectId} ${limit.kind} ${limit.event}`}>
          <Status tone={limit.event === 'refused' ? 'bad' : 'warn'} text={t(`limitEventOf.${limit.event}`)} />
          <span className={classes['hint']}>
            {t(`subjectOf.${limit.subjectKind}`)} · {t(`limitOf.${limit.kind}`)}:{' '}
            {t('usedOf', { used: amount(limit.kind, limit.used), value: amount(limit.kind, limit.value) })}
          </span>
        </li>
      ))}
    </ul>
  );
}

const priceNames = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWriteHour'] as const;
const soundPriceNames = ['audioInput', 'audioOutput', 'cacheAudioRead'] as const;
const soundNames = ['tokensAudioIn', 'tokensAudioOut', 'tokensAudioCached'] as const;

/** Many models have prices of sound, and few requests have any. Last is what each request costs, however few its tokens. */
const namesOf = (attempt: RequestDetail['attempts'][number]) =>
  [...priceNames, ...(soundNames.some((name) => attempt[name] > 0) ? soundPriceNames : []), 'perRequest'] as const;

export function Costs({ attempts }: Pick<RequestDetail, 'attempts'>) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const money = moneyColumn(
    format,
    attempts.map(({ costUsd }) => Number(costUsd ?? 0)),
  );
  const priceOf = (nanoUsd: number): string => priceText(format, String(nanoUsd / nanoPerUsd));
  const costOf = ({ costUsd, state }: RequestDetail['attempts'][number]): string => {
    if (costUsd !== null) return money(Number(costUsd));
    return state === 'settled' || state === 'partial' ? t('unpriced') : '';
  };
  return (
    <ul className={classes['found']}>
      {attempts.map((attempt) => (
        <li key={attempt.id}>
          <div className={classes['attemptHead']}>
            <strong>{attempt.attemptNo > 0 ? t('attempt', { number: attempt.attemptNo }) : attempt.model}</strong>
            <span>{costOf(attempt)}</span>
          </div>
          <span className={classes['hint']}>
            {t('tokensInOut', { in: attempt.tokensIn, out: attempt.tokensOut })}
            {attempt.tokensCached > 0 && ` · ${t('tokensCached', { count: attempt.tokensCached })}`}
            {attempt.tokensReasoning > 0 && ` · ${t('tokensReasoning', { count: attempt.tokensReasoning })}`}
            {soundNames.map((name) => attempt[name] > 0 && ` · ${t(name, { count: attempt[name] })}`)}
            {attempt.isEstimated && ` · ${t('estimated')}`}
          </span>
          {attempt.prices !== null && (
            <dl className={classes['facts']}>
              {namesOf(attempt).flatMap((name) => {
                const price = attempt.prices?.[name];
                return price === undefined ? [] : (
                  <div key={name}>
                    <dt>{t(`priceOf.${name}`)}</dt>
                    <dd>{name === 'perRequest' ? priceOf(price) : t('perMillion', { price: priceOf(price) })}</dd>
                  </div>
                );
              })}
            </dl>
          )}
        </li>
      ))}
    </ul>
  ); // prettier-ignore
}
