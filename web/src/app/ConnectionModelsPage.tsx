/** The tab of `/connections/$id` with the models that it serves, and with those on its own machine where there is one. */
import { lazy, Suspense } from 'react';
import { useConnection } from '../features/models/api/connection-detail.ts';
import { keepsModels } from '../features/models/api/local-models.ts';
import { ModelsPanel } from '../features/models/components/detail/ModelsPanel.tsx';
import { wanted } from '../lib/wanted.ts';
import { useSubject } from './use-subject.ts';

/** Few connections have a machine of their own behind them. */
const LocalModels = lazy(async () => ({
  default: (await wanted(() => import('../features/models/components/LocalModels.tsx'))).LocalModels,
}));

export function ConnectionModelsPage() {
  const { id, organization } = useSubject();
  const { data } = useConnection(id);
  return (
    <>
      {data && keepsModels(data.provider) && (
        <Suspense fallback={null}>
          <LocalModels id={id} canManage={data.canManage} />
        </Suspense>
      )}
      <ModelsPanel id={id} name={data?.name ?? ''} defaultModel={data?.model ?? null} organization={organization} />
    </>
  );
}
