/** The way of a request as bars of time: when each attempt began and why, when its first byte came, how it ended. Words say what bars show. */
import type { AttemptRow } from '@patchbay/client/usage';
import { useTranslations } from 'use-intl';
import { useReasonText } from '../../../lib/reason-text.ts';
import { picture } from '../../../ui/picture.ts';
import { Status } from '../../../ui/Status.tsx';
import { toneOf } from './RequestTable.tsx';
import classes from './requests.module.css';

const width = 1_000;
/** A bar that can be seen, however short. */
const barMin = 6;

export function Timeline({ attempts }: { attempts: readonly AttemptRow[] }) {
  const t = useTranslations('requests');
  const end = Math.max(1, ...attempts.map(({ offsetMs, latencyMs }) => offsetMs + (latencyMs ?? 0)));
  const queueMs = attempts[0]?.offsetMs ?? 0;
  return (
    <div className={classes['timeline']}>
      <p className={classes['hint']}>{t('total', { ms: end, queue: queueMs })}</p>
      <ol>
        {attempts.map((attempt) => (
          <Attempt key={attempt.id} attempt={attempt} end={end} />
        ))}
      </ol>
    </div>
  );
}

function Attempt({ attempt, end }: { attempt: AttemptRow; end: number }) {
  const t = useTranslations('requests');
  const reasonText = useReasonText();
  const { attemptNo, offsetMs, latencyMs, firstByteMs, connectionName, provider, model, reason, cause, causeReason, changed } = attempt;
  const x = (ms: number): number => (ms / end) * width;
  const tone = toneOf(attempt);
  const place = [connectionName ?? provider, model].filter((text) => text !== '').join(' · ');
  const times = [
    t('beganAt', { ms: offsetMs }),
    ...(firstByteMs === null ? [] : [t('firstByteAfter', { ms: firstByteMs })]),
    ...(latencyMs === null ? [] : [t('tookMs', { ms: latencyMs })]),
  ].join(' · ');
  return (
    <li>
      <div className={classes['attemptHead']}>
        <span>
          {attemptNo > 0 && <strong>{t('attempt', { number: attemptNo })}</strong>} {place}
        </span>
        <span title={reason ?? undefined}>
          <Status tone={tone} text={[attempt.status === null ? t(`stateOf.${attempt.state}`) : String(attempt.status), reason === null ? '' : reasonText(reason)].join(' ').trim()} />
        </span>
      </div>
      <svg className={classes['gantt']} viewBox={`0 0 ${width} 12`} preserveAspectRatio="none" {...picture} aria-label={`${place}: ${times}`}>
        <rect data-part="line" x={0} y={5.5} width={width} height={1} />
        <rect data-tone={tone} x={Math.min(x(offsetMs), width - barMin)} y={1} width={Math.max(barMin, x(latencyMs ?? 0))} height={10} />
        {firstByteMs !== null && <rect data-part="first" x={x(offsetMs + firstByteMs)} y={0} width={3} height={12} />}
      </svg>
      <p className={classes['hint']}>
        {t(`causeOf.${cause}`, { reason: reasonText(causeReason ?? 'other') })} {times}
      </p>
      {changed !== null && changed.length > 0 && (
        <ul className={classes['changes']} aria-label={t('changes')}>
          {changed.map(({ parameter, what, to }) => (
            <li key={`${parameter} ${what}`}>
              <code>{parameter}</code> {t(`changeOf.${what as 'dropped'}`, { to: to ?? '' })}
            </li>
          ))}
        </ul>
      )}
    </li>
  ); // prettier-ignore
}
