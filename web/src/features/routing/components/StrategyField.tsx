/** How one of the targets is chosen: each way with a sentence on when it is the right one. */
import type { RoutingStrategy } from '@patchbay/contract/routing';
import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { strategyOrder } from './group-values.ts';
import classes from './routing.module.css';

export function StrategyField({ value, onChange }: { value: RoutingStrategy; onChange: (value: RoutingStrategy) => void }) {
  const t = useTranslations('routing');
  const name = useId();
  return (
    <fieldset className={classes['strategies']}>
      <legend>{t('strategy')}</legend>
      {strategyOrder.map((strategy) => (
        <label key={strategy} className={classes['strategy']}>
          <input
            type="radio"
            name={name}
            value={strategy}
            checked={strategy === value}
            aria-describedby={`${name}-${strategy}`}
            onChange={() => onChange(strategy)}
          />
          <strong>{t(`strategyOf.${strategy}`)}</strong>
          <span id={`${name}-${strategy}`}>{t(`aboutOf.${strategy}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}
