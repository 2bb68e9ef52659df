/** The tab of `/connections/$id` about who may use it, how much, what depends on it, and its end. */
import { useNavigate } from '@tanstack/react-router';
import { Limits } from '../features/limits/components/Limits.tsx';
import { useConnection } from '../features/models/api/connection-detail.ts';
import { AccessPanel } from '../features/models/components/detail/AccessPanel.tsx';
import { useSubject } from './use-subject.ts';

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
