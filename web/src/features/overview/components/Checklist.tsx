/** From nothing to the first answer: the house's line of steps, and beneath it the one to take next. */
import { Link, type LinkProps } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Trace, type TraceStep } from '../../../ui/Trace.tsx';
import classes from './Overview.module.css';

interface ChecklistProps {
  hasConnection: boolean;
  isTested: boolean;
  hasKey: boolean;
  hasAsked: boolean;
}

type StepName = 'add' | 'test' | 'key' | 'ask';

const placeOf: Record<StepName, LinkProps['to']> = {
  add: '/settings/ai-connections/new',
  test: '/settings/ai-connections',
  key: '/keys',
  ask: '/keys',
};

export function Checklist({ hasConnection, isTested, hasKey, hasAsked }: ChecklistProps) {
  const t = useTranslations('overview');
  const states = useTranslations('trace');
  const done: [StepName, boolean][] = [
    ['add', hasConnection],
    ['test', isTested],
    ['key', hasKey],
    ['ask', hasAsked],
  ];
  const next = done.find(([, isDone]) => !isDone)?.[0];
  const steps = done.map(([name, isDone]): TraceStep => {
    const state = isDone ? 'ok' : name === next ? 'current' : 'open';
    return { label: t(`step.${name}`), state, stateText: states(state) };
  });
  return (
    <section className={classes['panel']} aria-labelledby="checklist">
      <h2 id="checklist" className={classes['title']}>
        {t('begin')}
      </h2>
      <Trace label={t('begin')} steps={steps} />
      {next !== undefined && (
        <div className={classes['next']}>
          <p className="pb-text">{t(`hint.${next}`)}</p>
          <Link to={placeOf[next]} className={classes['go']}>
            {t(`go.${next}`)}
          </Link>
        </div>
      )}
    </section>
  );
}
