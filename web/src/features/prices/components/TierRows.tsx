/** The tiers of a price: the first holds for every prompt, each further one from a length on. */
import { priceTiersMax } from '@patchbay/contract/price-limits';
import { Button, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import { amountNames, newTier, type TierValues } from './price-values.ts';
import classes from './prices.module.css';

interface TierRowsProps {
  tiers: readonly TierValues[];
  isWrong: (path: string) => boolean;
  onChange: (tiers: TierValues[]) => void;
}

export function TierRows({ tiers, isWrong, onChange }: TierRowsProps) {
  const t = useTranslations('prices');
  const change = (at: number, part: Partial<TierValues>): void =>
    onChange(tiers.map((tier, place) => (place === at ? { ...tier, ...part } : tier)));
  const add = (): void => onChange([...tiers, newTier(Math.max(...tiers.map(({ key }) => key)) + 1)]);
  return (
    <fieldset className={classes['tiers']}>
      <legend>{t('figures')}</legend>
      <p className={classes['quiet']}>{t('figuresHint')}</p>
      {tiers.map((tier, at) => (
        <div key={tier.key} className={classes['tier']}>
          {at > 0 && (
            <div className={classes['amounts']}>
              <TextInput
                label={t('from')}
                value={tier.fromTokensIn}
                error={isWrong(`tiers.${at}.fromTokensIn`) ? t('fault.from') : undefined}
                onChange={({ currentTarget }) => change(at, { fromTokensIn: currentTarget.value })}
                inputMode="numeric"
                autoComplete="off"
              />
              <Button
                variant="subtle"
                size="compact-sm"
                leftSection={<IconTrash size={14} stroke={1.75} aria-hidden="true" />}
                aria-label={t('removeTier', { place: at + 1 })}
                onClick={() => onChange(tiers.filter((_, place) => place !== at))}
              >
                {t('remove')}
              </Button>
            </div>
          )}
          <div className={classes['amounts']}>
            {amountNames.map((name) => (
              <TextInput
                key={name}
                label={t(`amount.${name}`)}
                aria-label={at === 0 ? undefined : t('amountOfTier', { amount: t(`amount.${name}`), place: at + 1 })}
                withAsterisk={name === 'input' || name === 'output'}
                value={tier[name]}
                error={isWrong(`tiers.${at}.${name}`) ? t('fault.amount') : undefined}
                onChange={({ currentTarget }) => change(at, { [name]: currentTarget.value })}
                inputMode="decimal"
                autoComplete="off"
              />
            ))}
          </div>
        </div>
      ))}
      {tiers.length < priceTiersMax && (
        <div>
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} stroke={1.75} aria-hidden="true" />} onClick={add}>
            {t('addTier')}
          </Button>
        </div>
      )}
    </fieldset>
  );
}
