/** `/policies/new` and `/policies/$id`: one policy with its try-out. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useReducer } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { policyQuery } from '../features/policies/api/policies.ts';
import { EditPolicy, NewPolicy } from '../features/policies/components/PolicyEditor.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { useWorkspace } from '../lib/choices.ts';
import { useAnnounce } from '../ui/Announcer.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';

function useEditor() {
  const t = useTranslations('policies');
  const navigate = useNavigate();
  const announce = useAnnounce();
  const { data: me } = useSuspenseQuery(meQuery);
  return {
    me,
    workspace: useWorkspace(me),
    onCancel: () => void navigate({ to: '/policies' }),
    onSaved: (name: string) => {
      announce(t('saved', { name }));
      void navigate({ to: '/policies' });
    },
  };
}

export function NewPolicyPage() {
  const t = useTranslations('policies');
  return (
    <>
      <PageTitle title={t('newTitle')} />
      <NewPolicy {...useEditor()} />
    </>
  );
}

export function EditPolicyPage() {
  const t = useTranslations('policies');
  const { id } = useParams({ from: '/shell/policies/$id' });
  const { data } = useQuery(policyQuery(id));
  const { data: me } = useSuspenseQuery(meQuery);
  const [round, beginAnew] = useReducer((before: number) => before + 1, 0);
  const title = data === undefined ? t('policy') : data.name;
  return (
    <>
      <PageTitle title={title} />
      {data && <HistoryButton type="policy" id={id} name={data.name} organization={me.organization.name} onRolledBack={beginAnew} />}
      <EditPolicy key={`${id} ${round}`} id={id} {...useEditor()} />
    </>
  );
}
