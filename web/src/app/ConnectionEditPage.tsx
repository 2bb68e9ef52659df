/** The tab of `/connections/$id` that changes it; a file of its own, since the form is most of its weight. */
import { useNavigate } from '@tanstack/react-router';
import { useReducer } from 'react';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { useConnection } from '../features/models/api/connection-detail.ts';
import { EditConfiguration } from '../features/models/components/EditConfiguration.tsx';
import { useSubject } from './use-subject.ts';

export function ConnectionEditPage() {
  const { id, organization } = useSubject();
  const navigate = useNavigate();
  const { data } = useConnection(id);
  const [round, beginAnew] = useReducer((before: number) => before + 1, 0);
  const back = (): void => void navigate({ to: '/connections/$id', params: { id } });
  return (
    <>
      <EditConfiguration key={`${id} ${round}`} id={id} organization={organization} onSaved={back} onCancel={back} />
      {data?.canManage && <HistoryButton type="connection" id={id} name={data.name} organization={organization} onRolledBack={beginAnew} />}
    </>
  );
}
