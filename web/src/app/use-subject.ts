/** Which connection an address is about, and the organization's name for sentences about rights. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { meQuery } from '../features/session/api/me.ts';

/** For the pages below `/connections/$id`. */
export function useSubject(): { id: string; organization: string } {
  const { id } = useParams({ from: '/shell/connections/$id' });
  const { data: me } = useSuspenseQuery(meQuery);
  return { id, organization: me.organization.name };
}
