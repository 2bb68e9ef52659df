/** All of the prices' page below its head: what was used without a price, the prices that were set, and past requests priced again. */
import type { Price, UnpricedModel } from '@patchbay/contract/prices';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { isFirstLoad } from '../../../lib/first-load.ts';
import { focusPageTitle } from '../../../lib/focus.ts';
import { useNamedProviders } from '../../../lib/providers.ts';
import { useAnnounce, useSayDone } from '../../../ui/Announcer.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Coming, Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { pricesQuery, unpricedDays, unpricedQuery, useEndPrice } from '../api/prices.ts';
import { following, newPrice, type PriceValues } from './price-values.ts';
import { PriceForm } from './PriceForm.tsx';
import { PriceTable } from './PriceTable.tsx';
import { Repricing } from './Repricing.tsx';
import { UnpricedTable } from './UnpricedTable.tsx';

interface PricesProps {
  organization: string;
  /** A model that somebody came for, to give it a price. */
  asked: { provider: string; model: string } | null;
  /** Whether the form is open, and what opens and closes it: the button that opens it stands in the head. */
  isAdding: boolean;
  onAdding: (isAdding: boolean) => void;
  add: ReactNode;
  /** The way to what was said of a price's model before. */
  renderHistory: (price: Price) => ReactNode;
}

/** The place of the form, brought into the window when it opens. */
function useShown(isOpen: boolean) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isOpen) place.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen]);
  return place;
}

export function Prices({ organization, asked, isAdding, onAdding, add, renderHistory }: PricesProps) {
  const t = useTranslations('prices');
  const announce = useAnnounce();
  const { data: prices, dataUpdatedAt, error, refetch } = useQuery(pricesQuery);
  const { data: unpriced, isPending: isUnpricedPending } = useQuery(unpricedQuery);
  const names = useNamedProviders();
  const [start, setStart] = useState<PriceValues>(() => newPrice(asked?.provider ?? '', asked?.model ?? ''));
  const [repriced, setRepriced] = useState({ provider: asked?.provider ?? '', model: asked?.model ?? '' });
  const [ending, setEnding] = useState<Price | null>(null);
  const place = useShown(isAdding);
  if (!prices && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  // A provider's name is longer than its id, and the columns go by it.
  if (!prices || isFirstLoad(names)) return <Loading />;
  const nameOf = (provider: string): string => names.data?.find(({ name }) => name === provider)?.displayName ?? provider;
  const open = (values: PriceValues): void => {
    setStart(values);
    onAdding(true);
  };
  const close = (): void => {
    setStart(newPrice('', ''));
    onAdding(false);
    focusPageTitle();
  };
  const saved = ({ provider, model }: Price): void => {
    announce(t('created', { model }));
    // The past is next: what was asked before the price was there.
    setRepriced({ provider, model });
    close();
  };
  return (
    <div className="pb-sections">
      {isAdding && (
        <div ref={place}>
          <Panel title={t('newTitle')} takesFocus>
            <PriceForm key={`${start.provider}/${start.model}/${start.connectionId}`} initial={start} onSaved={saved} onCancel={close} />
          </Panel>
        </div>
      )}
      {isUnpricedPending && <Coming />}
      {unpriced !== undefined && unpriced.length > 0 && (
        <Panel title={t('unpricedTitle')} text={t('unpricedText', { days: unpricedDays })} isPlain>
          <UnpricedTable
            models={unpriced}
            nameOf={nameOf}
            onAdd={({ provider, model }: UnpricedModel) => open(newPrice(provider, model))}
            onReprice={({ provider, model }: UnpricedModel) => setRepriced({ provider, model })}
          />
        </Panel>
      )}
      {prices.length === 0 ? (
        <Empty title={t('emptyTitle')} text={t('emptyText')}>
          {add}
        </Empty>
      ) : (
        <Panel title={t('ownTitle')} text={t('ownText')} isPlain>
          <PriceTable
            prices={prices}
            readAtMs={dataUpdatedAt}
            nameOf={nameOf}
            onFollow={(price) => open(following(price))}
            onEnd={setEnding}
            renderHistory={renderHistory}
          />
        </Panel>
      )}
      <Repricing key={`${repriced.provider}/${repriced.model}`} {...repriced} />
      <EndQuestion of={ending} onClose={() => setEnding(null)} />
    </div>
  );
}

function EndQuestion({ of, onClose }: { of: Price | null; onClose: () => void }) {
  const t = useTranslations('prices');
  const sayDone = useSayDone();
  return (
    <DeedQuestion
      of={of}
      change={useEndPrice()}
      inputOf={({ id }) => ({ id, at: undefined })}
      title={({ model }) => t('endTitle', { model })}
      text={() => t('endText')}
      cancelLabel={t('cancel')}
      confirmLabel={t('end')}
      onClose={onClose}
      onDone={({ model }) => sayDone(t('ended', { model }))}
    />
  );
}

/** The button that begins a new price. */
export function AddPrice({ onClick }: { onClick: () => void }) {
  const t = useTranslations('prices');
  return <Button onClick={onClick}>{t('add')}</Button>;
}
