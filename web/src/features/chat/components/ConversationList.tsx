/** The caller's chats: searched, opened, renamed, deleted. The last used stand first, by day. */
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { ChatSummary } from '@patchbay/client/chats';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useId, useState, type ReactNode } from 'react';
import { useNow, useTranslations } from 'use-intl';
import { Failure } from '../../../ui/Failure.tsx';
import { chatsQuery } from '../api/chats.ts';
import classes from './ConversationList.module.css';
import { ConversationRow } from './ConversationRow.tsx';

interface ConversationListProps {
  currentId: string | null;
  organization: string;
  /** A link to a chat, or to a new one. */
  renderLink: (id: string | null, content: ReactNode, options: { className: string | undefined; isCurrent: boolean }) => ReactNode;
  onDeleted: (chat: ChatSummary) => void;
}

const dayMs = 86_400_000;
const ages = ['today', 'yesterday', 'week', 'earlier'] as const;
type Age = (typeof ages)[number];

/** By the days of the reader's own calendar. */
function ageOf(iso: string, now: Date): Age {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const at = Date.parse(iso);
  if (at >= today) return 'today';
  if (at >= today - dayMs) return 'yesterday';
  return at >= today - 6 * dayMs ? 'week' : 'earlier';
}

export function ConversationList({ currentId, organization, renderLink, onDeleted }: ConversationListProps) {
  const t = useTranslations('chat');
  const id = useId();
  const now = useNow();
  const [words, setWords] = useState('');
  const asked = useDeferredValue(words.trim());
  const chats = useInfiniteQuery(chatsQuery(asked));
  const rows = chats.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <div className={classes['list']}>
      {renderLink(
        null,
        <>
          <IconPlus size={16} stroke={1.75} aria-hidden="true" />
          {t('new')}
        </>,
        { className: classes['new'], isCurrent: false },
      )}
      <label htmlFor={id} className="pb-unseen">
        {t('search')}
      </label>
      <input
        id={id}
        type="search"
        className={classes['search']}
        placeholder={t('search')}
        maxLength={200}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      {chats.isError && rows.length === 0 && (
        <Failure error={chats.error} organization={organization} onRetry={() => void chats.refetch()} />
      )}
      {chats.isSuccess && rows.length === 0 && <Nothing words={asked} onClear={() => setWords('')} />}
      {ages.map((age) => {
        const these = rows.filter((chat) => ageOf(chat.updatedAt, now) === age);
        return (
          these.length > 0 && (
            <section key={age} aria-labelledby={`${id}-${age}`}>
              <h2 id={`${id}-${age}`} className={classes['age']}>
                {t(`ages.${age}`)}
              </h2>
              <ul className={classes['rows']}>
                {these.map((chat) => (
                  <ConversationRow
                    key={chat.id}
                    chat={chat}
                    isCurrent={chat.id === currentId}
                    renderLink={renderLink}
                    onDeleted={onDeleted}
                  />
                ))}
              </ul>
            </section>
          )
        );
      })}
      {chats.hasNextPage && (
        <Button size="compact-sm" variant="default" loading={chats.isFetchingNextPage} onClick={() => void chats.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
    </div>
  );
}

function Nothing({ words, onClear }: { words: string; onClear: () => void }) {
  const t = useTranslations('chat');
  if (words === '') return <p className={classes['none']}>{t('noneYet')}</p>;
  return (
    <div className={classes['none']}>
      <p>{t('noneFound', { words })}</p>
      <Button size="compact-sm" variant="default" onClick={onClear}>
        {t('clearSearch')}
      </Button>
    </div>
  );
}
