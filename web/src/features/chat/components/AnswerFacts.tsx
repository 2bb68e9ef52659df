/** What an answer took, as a line of measured steps: who answered, the tokens, the first text, the end, and the cost. */
import type { StoredMessage } from '@patchbay/client/chats';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyText } from '../../../lib/money.ts';
import classes from './AnswerFacts.module.css';
import { timeText } from './figures.ts';

export function AnswerFacts({ message }: { message: StoredMessage }) {
  const t = useTranslations('chat');
  const format = useFormatter();
  const { answer, state } = message;
  if (!answer || answer.attempts === 0) return null;
  const second = t('second');
  const isUsed = answer.tokensIn + answer.tokensOut > 0;
  const steps: { key: string; label: string; measure: string }[] = [
    { key: 'by', label: answer.connectionName ?? t('environment'), measure: answer.model ?? '' },
    ...(isUsed
      ? [
          {
            key: 'tokens',
            label: answer.isEstimated ? t('tokensEstimated') : t('tokens'),
            measure: t('tokensInOut', { tokensIn: format.number(answer.tokensIn), tokensOut: format.number(answer.tokensOut) }),
          },
        ]
      : []),
    ...(answer.firstByteMs === null
      ? []
      : [{ key: 'first', label: t('firstText'), measure: timeText(format, answer.firstByteMs, second) }]),
    ...(answer.latencyMs === null
      ? []
      : [{ key: 'end', label: state === 'complete' ? t('whole') : t('ended'), measure: timeText(format, answer.latencyMs, second) }]),
    ...(isUsed
      ? [{ key: 'cost', label: t('cost'), measure: answer.costUsd === null ? t('noPrice') : moneyText(format, Number(answer.costUsd)) }]
      : []),
  ];
  return (
    <>
      <ol className={classes['steps']} aria-label={t('facts')} data-state={state}>
        {steps.map(({ key, label, measure }) => (
          <li key={key} className={classes['step']}>
            <span className={classes['label']}>{label}</span> <span className={classes['measure']}>{measure}</span>
          </li>
        ))}
      </ol>
      <Notes message={message} />
    </>
  );
}

/** What was not done as it was asked. */
function Notes({ message: { answer } }: { message: StoredMessage }) {
  const t = useTranslations('chat');
  if (!answer) return null;
  const dropped = answer.changed.filter(({ what }) => what === 'dropped' || what === 'clamped').map(({ parameter }) => parameter);
  return (
    <div className={classes['notes']}>
      {answer.attempts > 1 && <p>{t('attempts', { count: answer.attempts })}</p>}
      {answer.leftOut.length > 0 && <p>{t('leftOut', { count: answer.leftOut.length })}</p>}
      {answer.isConnectionReplaced && <p>{t('replaced')}</p>}
      {dropped.length > 0 && <p>{t('dropped', { names: dropped.join(', ') })}</p>}
      {answer.finishReason === 'length' && <p>{t('cutAtLength')}</p>}
    </div>
  );
}
