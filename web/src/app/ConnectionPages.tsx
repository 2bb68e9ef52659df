/** What the tabs of one connection show; one module, because whoever opens one looks at the others. */
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useConnection } from '../features/models/api/connection-detail.ts';
import { keepsModels } from '../features/models/api/local-models.ts';
import { Headroom } from '../features/headroom/components/Headroom.tsx';
import { AccessPanel } from '../features/models/components/detail/AccessPanel.tsx';
import { HealthPanel } from '../features/models/components/detail/HealthPanel.tsx';
import { ModelsPanel } from '../features/models/components/detail/ModelsPanel.tsx';
import { UsageDisplay } from '../features/models/components/detail/UsageDisplay.tsx';
import { UsagePanel } from '../features/models/components/detail/UsagePanel.tsx';
import { Limits } from '../features/limits/components/Limits.tsx';
import { useSubject } from './use-subject.ts';

/** Few connections have a machine of their own behind them. */
const LocalModels = lazy(async () => ({ default: (await import('../features/models/components/LocalModels.tsx')).LocalModels }));

export function ConnectionOverviewPage() {
  return <UsageDisplay {...useSubject()} />;
}

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

export function ConnectionUsagePage() {
  return <UsagePanel {...useSubject()} />;
}

export function ConnectionHealthPage() {
  const subject = useSubject();
  return (
    <>
      <HealthPanel {...subject} />
      <Headroom {...subject} />
    </>
  );
}

export function ConnectionAccessPage() {
  const { id, organization } = useSubject();
  const navigate = useNavigate();
  const { data } = useConnection(id);
  if (!data) return null;
  return (
    <AccessPanel
      connection={data}
      organization={organization}
      limits={<Limits subjectKind="connection" subjectId={id} organization={organization} />}
      onDeleted={() => void navigate({ to: '/settings/ai-connections', replace: true })}
    />
  );
}
