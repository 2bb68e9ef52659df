/** The tab of `/connections/$id` that changes it; a file of its own, since the form is most of its weight. */
import { useNavigate } from '@tanstack/react-router';
import { EditConfiguration } from '../features/models/components/EditConfiguration.tsx';
import { useSubject } from './use-subject.ts';

export function ConnectionEditPage() {
  const { id, organization } = useSubject();
  const navigate = useNavigate();
  const back = (): void => void navigate({ to: '/connections/$id', params: { id } });
  return <EditConfiguration id={id} organization={organization} onSaved={back} onCancel={back} />;
}
