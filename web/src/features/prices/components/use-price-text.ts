/** Figures of a price as people read them: dollars per million tokens, with every digit that counts. */
import type { PriceTierView } from '@patchbay/contract/prices';
import { useFormatter, useTranslations } from 'use-intl';
import { priceText } from '../../../lib/money.ts';

export function usePriceText() {
  const t = useTranslations('prices');
  const format = useFormatter();
  const money = (usd: string): string => priceText(format, usd);
  const tierText = ({ fromTokensIn, input, output }: PriceTierView): string => {
    const figures = t('inOut', { input: money(input), output: money(output) });
    return fromTokensIn === 0 ? figures : t('fromTokens', { tokens: format.number(fromTokensIn), figures });
  };
  /** What a tier says besides; empty for most. */
  const moreText = ({ cacheRead, cacheWrite, cacheWriteHour, perRequest }: PriceTierView): string =>
    [
      cacheRead === null ? null : t('more.cacheRead', { price: money(cacheRead) }),
      cacheWrite === null ? null : t('more.cacheWrite', { price: money(cacheWrite) }),
      cacheWriteHour === null ? null : t('more.cacheWriteHour', { price: money(cacheWriteHour) }),
      perRequest === null ? null : t('more.perRequest', { price: money(perRequest) }),
    ]
      .filter((part) => part !== null)
      .join(' · ');
  return { tierText, moreText };
}
