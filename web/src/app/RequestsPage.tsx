/** `/requests`: what was asked, one by one, and what became of each. */
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { chatsQuery } from '../features/chat/api/chats.ts';
import { Requests } from '../features/requests/components/Requests.tsx';
import { requestSearchOf } from '../features/requests/filters.ts';
import { meQuery } from '../features/session/api/me.ts';
import { chatDraft, keepDraft } from '../lib/storage.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function RequestsPage() {
  const t = useTranslations('requests');
  const { data: me } = useSuspenseQuery(meQuery);
  const search = requestSearchOf(useSearch({ strict: false }));
  const { id } = useParams({ strict: false });
  const navigate = useNavigate();
  const queries = useQueryClient();
  return (
    <>
      <PageHead title={t('title')} text={t('text')} />
      <Requests
        me={me}
        search={search}
        openId={id ?? null}
        onSearch={(next) => void navigate({ to: '/requests', search: next })}
        renderLink={(requestId, content) => (
          <Link to="/requests/$id" params={{ id: requestId }} search={search} resetScroll={false}>
            {content}
          </Link>
        )}
        onReplay={(chatId, question) => {
          keepDraft(chatDraft(me.id, chatId), question);
          void queries.invalidateQueries({ queryKey: chatsQuery('').queryKey.slice(0, 2) });
          void navigate({ to: '/chat/$id', params: { id: chatId } });
        }}
        onClose={() => void navigate({ to: '/requests', search, resetScroll: false })}
      />
    </>
  );
}
