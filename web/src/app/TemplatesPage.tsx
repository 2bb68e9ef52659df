/** `/admin/templates`: starting points for connections; `?provider=` is one provider with all of its. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { ProviderGrid } from '../features/templates/components/ProviderGrid.tsx';
import { ProviderTemplates } from '../features/templates/components/ProviderTemplates.tsx';
import { useNamedProviders } from '../lib/providers.ts';
import { Empty } from '../ui/Empty.tsx';
import { Failure } from '../ui/Failure.tsx';
import { Loading } from '../ui/Loading.tsx';
import { PageHead } from '../ui/PageHead.tsx';

export function TemplatesPage() {
  const t = useTranslations('templates');
  const { provider: name } = useSearch({ from: '/shell/admin/templates' });
  const { data: me } = useSuspenseQuery(meQuery);
  const { data: providers, error, refetch } = useNamedProviders();
  const provider = providers?.find((one) => one.name === name);
  const back = (
    <Button size="sm" variant="default" renderRoot={(props) => <Link to="/admin/templates" search={{}} {...props} />}>
      {t('all')}
    </Button>
  );
  if (!providers)
    return (
      <>
        <PageHead title={t('title')} />
        {error ? <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} /> : <Loading />}
      </>
    );
  if (name === undefined)
    return (
      <>
        <PageHead title={t('title')} text={t('text')} />
        <ProviderGrid providers={providers} mayKeep={me.role === 'administrator'} />
      </>
    );
  return (
    <>
      <PageHead key={name} title={provider?.displayName ?? name}>
        {back}
      </PageHead>
      {provider ? (
        <ProviderTemplates
          key={name}
          me={me}
          provider={provider}
          renderHistory={({ id, name: of }) => (
            <HistoryButton type="template" id={id} name={of} organization={me.organization.name} place="row" />
          )}
        />
      ) : (
        <Empty title={t('unknownTitle')} text={t('unknownText')} />
      )}
    </>
  );
}
