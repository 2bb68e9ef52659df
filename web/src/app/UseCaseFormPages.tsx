/** `/admin/ai_use_cases/new` and `/admin/ai_use_cases/$id`: one use case with its try-out. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useReducer, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { caseQuery } from '../features/use-cases/api/use-cases.ts';
import { EditUseCase, NewUseCase } from '../features/use-cases/components/UseCaseEditor.tsx';
import { useAnnounce } from '../ui/Announcer.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';

/** The model's own page, or the list of all where it is not known which. */
const modelLink = (id: string | null, text: string): ReactNode =>
  id === null ? (
    <Link to="/admin/ai_models">{text}</Link>
  ) : (
    <Link to="/admin/ai_models/$id/edit" params={{ id }}>
      {text}
    </Link>
  );

function useEditor() {
  const t = useTranslations('useCases');
  const navigate = useNavigate();
  const announce = useAnnounce();
  const { data: me } = useSuspenseQuery(meQuery);
  return {
    organization: me.organization.name,
    renderModelLink: modelLink,
    onCancel: () => void navigate({ to: '/admin/ai_use_cases' }),
    onSaved: (name: string) => {
      announce(t('saved', { name }));
      void navigate({ to: '/admin/ai_use_cases' });
    },
  };
}

export function NewUseCasePage() {
  const t = useTranslations('useCases');
  const { test } = useSearch({ from: '/shell/admin/ai_use_cases/new' });
  return (
    <>
      <PageTitle title={t('newTitle')} />
      <NewUseCase key={test ?? ''} isTest={test === 'yes'} {...useEditor()} />
    </>
  );
}

export function EditUseCasePage() {
  const t = useTranslations('useCases');
  const { id } = useParams({ from: '/shell/admin/ai_use_cases/$id' });
  const { data } = useQuery(caseQuery(id));
  const { data: me } = useSuspenseQuery(meQuery);
  const [round, beginAnew] = useReducer((before: number) => before + 1, 0);
  const title = data === undefined ? t('edit') : t('editTitle', { name: data.name });
  return (
    <>
      <PageTitle title={title} />
      {data && <HistoryButton type="use-case" id={id} name={data.name} organization={me.organization.name} onRolledBack={beginAnew} />}
      <EditUseCase key={`${id} ${round}`} id={id} {...useEditor()} />
    </>
  );
}
