/** Figures of a price as people read them: dollars per million tokens, with every digit that counts. */
import type { PriceTierView } from '@patchbay/contract/prices';
import { useFormatter, useTranslations } from 'use-intl';
import { priceText } from '../../../lib/money.ts';
import { amountNames } from './price-values.ts';

const furtherNames = amountNames.filter((name) => name !== 'input' && name !== 'output');

export function usePriceText() {
  const t = useTranslations('prices');
  const format = useFormatter();
  const money = (usd: string): string => priceText(format, usd);
  const tierText = ({ fromTokensIn, input, output }: PriceTierView): string => {
    const figures = t('inOut', { input: money(input), output: money(output) });
    return fromTokensIn === 0 ? figures : t('fromTokens', { tokens: format.number(fromTokensIn), figures });
  };
  /** What a tier says besides; empty for most. */
  const moreText = (tier: PriceTierView): string =>
    furtherNames
      .flatMap((name) => {
        const price = tier[name];
        return price === null ? [] : t(`more.${name}`, { price: money(price) });
      })
      .join(' · ');
  return { tierText, moreText };
}
