/** `/chat` and `/chat/$id`: a new chat, or one of the caller's. */
import { Button } from '@mantine/core';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { ChatScreen } from '../features/chat/components/ChatScreen.tsx';
import { aiConnectionsQuery } from '../features/models/api/ai-connections.ts';
import { meQuery } from '../features/session/api/me.ts';

export function ChatPage() {
  const { id } = useParams({ strict: false });
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const { data: connections } = useQuery(aiConnectionsQuery);
  return (
    <ChatScreen
      me={me}
      chatId={id ?? null}
      connections={connections}
      renderLink={(chatId, content, { className, isCurrent, onFollow }) =>
        chatId === null ? (
          <Link to="/chat" className={className} onClick={onFollow}>
            {content}
          </Link>
        ) : (
          <Link
            to="/chat/$id"
            params={{ id: chatId }}
            className={className}
            aria-current={isCurrent ? 'page' : undefined}
            onClick={onFollow}
          >
            {content}
          </Link>
        )
      }
      renderSettings={(text) => <Button onClick={() => void navigate({ to: '/settings/ai-connections' })}>{text}</Button>}
      onOpen={(chatId) => void (chatId === null ? navigate({ to: '/chat' }) : navigate({ to: '/chat/$id', params: { id: chatId } }))}
    />
  );
}
