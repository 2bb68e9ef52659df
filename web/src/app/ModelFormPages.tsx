/** The form of a model over the list, new or stored; files of its own, since the list is there before somebody wants a form. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { ModelDialog } from '../features/models/components/ModelDialog.tsx';
import type { ListSearch } from '../features/models/list/search.ts';
import { meQuery } from '../features/session/api/me.ts';

function useClose(): () => void {
  const navigate = useNavigate();
  return () => void navigate({ to: '/admin/ai_models', search: (before: ListSearch) => before });
}

/** `/admin/ai_models/new`. */
export function NewModelPage() {
  const { data: me } = useSuspenseQuery(meQuery);
  return <ModelDialog id={null} organization={me.organization.name} onClose={useClose()} />;
}

/** `/admin/ai_models/$id/edit`. */
export function EditModelPage() {
  const { data: me } = useSuspenseQuery(meQuery);
  const { id } = useParams({ from: '/shell/admin/ai_models/$id/edit' });
  return <ModelDialog key={id} id={id} organization={me.organization.name} onClose={useClose()} />;
}
