/** The pages of the chat. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './routes-root.tsx';

const newChat = createRoute({
  getParentRoute: () => shell,
  path: '/chat',
  component: lazyRouteComponent(() => import('./ChatPage.tsx'), 'ChatPage'),
});

const oneChat = createRoute({
  getParentRoute: () => shell,
  path: '/chat/$id',
  component: lazyRouteComponent(() => import('./ChatPage.tsx'), 'ChatPage'),
});

export const chatRoutes = [newChat, oneChat] as const;
