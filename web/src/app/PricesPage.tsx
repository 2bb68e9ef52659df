/** `/admin/prices`: what models cost here; `?provider=&model=` opens the form for a model that has none. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { AddPrice, Prices } from '../features/prices/components/Prices.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function PricesPage() {
  const t = useTranslations('prices');
  const { provider, model } = useSearch({ from: '/shell/admin/prices' });
  const { data: me } = useSuspenseQuery(meQuery);
  const asked = provider !== undefined && model !== undefined ? { provider, model } : null;
  const [isAdding, setAdding] = useState(asked !== null);
  const add = <AddPrice onClick={() => setAdding(true)} />;
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        {!isAdding && me.role === 'administrator' && add}
      </PageHead>
      <Prices
        organization={me.organization.name}
        asked={asked}
        isAdding={isAdding}
        onAdding={setAdding}
        add={add}
        renderHistory={({ id, model: name }) => (
          <HistoryButton type="price" id={id} name={name} organization={me.organization.name} place="row" />
        )}
      />
    </>
  );
}
