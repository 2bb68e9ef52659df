/** The pages of the chat. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { chatQuery, chatsQuery } from '../features/chat/api/chats.ts';
import { messagesQuery } from '../features/chat/api/messages.ts';
import { loadMarkdown } from '../features/chat/markdown/load.ts';
import { files } from './page-files.ts';
import { ahead, shell } from './routes-root.tsx';

const newChat = createRoute({
  getParentRoute: () => shell,
  path: '/chat',
  loader: ({ context }) => void context.queries.prefetchInfiniteQuery(chatsQuery('')),
  component: lazyRouteComponent(files.ChatPage, 'ChatPage'),
});

const oneChat = createRoute({
  getParentRoute: () => shell,
  path: '/chat/$id',
  loader: async ({ context, params }) => {
    ahead(context, chatQuery(params.id));
    void context.queries.prefetchInfiniteQuery(messagesQuery(params.id));
    void context.queries.prefetchInfiniteQuery(chatsQuery(''));
    // Nearly every answer is Markdown. Drawn as plain text first, the page would jump when its maker comes.
    await loadMarkdown().catch(() => undefined);
  },
  component: lazyRouteComponent(files.ChatPage, 'ChatPage'),
});

export const chatRoutes = [newChat, oneChat] as const;
