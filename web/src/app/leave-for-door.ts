/** The session is over: to the door with the wish to come back, and what was loaded under the session goes. */
import type { QueryClient } from '@tanstack/react-query';
import type { AnyRouter } from '@tanstack/react-router';

export async function leaveForDoor(pages: AnyRouter, queries: QueryClient): Promise<void> {
  const { href, pathname } = pages.state.location;
  if (pathname === '/login' || pathname === '/setup') return;
  await pages.navigate({ to: '/login', search: { to: href }, replace: true });
  queries.clear();
}
