/** The people of the installation, for administrators: search, page by page, and what can be done with each. */
import type { Me, User } from '@patchbay/contract/people';
import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { focusPageTitle } from '../../../lib/focus.ts';
import { useShown } from '../../../lib/use-shown.ts';
import { wanted } from '../../../lib/wanted.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { SecretReveal } from '../../../ui/SecretReveal.tsx';
import { Status } from '../../../ui/Status.tsx';
import { useFresh, usersQuery } from '../api/people.ts';
import { InvitationList } from './InvitationList.tsx';
import classes from './security.module.css';
import { UserButtons, UserQuestion, type Question } from './UserQuestion.tsx';

const pauseMs = 250;

// The list comes first; the forms come with the press that asks for them.
const InvitePanel = lazy(async () => ({ default: (await wanted(() => import('./InvitePanel.tsx'))).InvitePanel }));
const UserForm = lazy(async () => ({ default: (await wanted(() => import('./UserForm.tsx'))).UserForm }));

interface UsersProps {
  me: Me;
  isInviting: boolean;
  onInvite: (isInviting: boolean) => void;
  /** What is limited of a person, below their form. */
  renderLimits?: (userId: string) => ReactNode;
  /** The way to what a person was, beside their form. */
  renderHistory: (user: User, onRolledBack: () => void) => ReactNode;
}

export function Users({ me, isInviting, onInvite, renderLimits, renderHistory }: UsersProps) {
  const t = useTranslations('people');
  const sayDone = useSayDone();
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), pauseMs);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    ...usersQuery(q),
    placeholderData: keepPreviousData,
  });
  const { shown: link, ...links } = useShown<string>();
  const fresh = useFresh(q);
  const [editing, setEditing] = useState<User | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  if (!data && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const stored = (): void => {
    links.stored();
    focusPageTitle();
  };
  if (link !== null)
    return <SecretReveal key={link} title={t('linkMade')} label={t('link')} secret={link} storedLabel={t('linkStored')} onDone={stored} />;
  const done = (said: string): void => {
    setEditing(null);
    setQuestion(null);
    sayDone(said);
  };
  const invited = (made: string): void => {
    onInvite(false);
    links.show(made);
  };
  const users = data.pages.flatMap((page) => page.data);
  return (
    <>
      <Suspense fallback={<Loading isAsked />}>
        {isInviting && (
          <InvitePanel workspace={null} onInvited={invited} onAdded={() => onInvite(false)} onCancel={() => onInvite(false)} />
        )}
        {editing && (
          <UserForm
            key={editing.id}
            of={editing}
            history={renderHistory(editing, () => setEditing(fresh.user(editing.id)))}
            onSaved={(name) => done(t('saved', { name }))}
            onReload={(current) => {
              setEditing(current);
              void refetch();
            }}
            onCancel={() => setEditing(null)}
          />
        )}
        {editing && renderLimits?.(editing.id)}
      </Suspense>
      <TextInput
        className={classes['search']}
        label={t('search')}
        placeholder={t('searchHint')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {users.length === 0 ? (
        <NobodyFound q={q} onClear={() => setText('')} />
      ) : (
        <UserTable me={me} users={users} onEdit={setEditing} onAsk={setQuestion} />
      )}
      {hasNextPage && <LoadMore isLoading={isFetchingNextPage} onLoad={() => void fetchNextPage()} />}
      <InvitationList workspaceId={null} />
      <UserQuestion question={question} onClose={() => setQuestion(null)} onDone={done} />
    </>
  );
}

function LoadMore({ isLoading, onLoad }: { isLoading: boolean; onLoad: () => void }) {
  const t = useTranslations('people');
  return (
    <div>
      <Button variant="default" loading={isLoading} onClick={onLoad}>
        {t('loadMore')}
      </Button>
    </div>
  );
}

function NobodyFound({ q, onClear }: { q: string; onClear: () => void }) {
  const t = useTranslations('people');
  return (
    <p>
      {t('emptyFilter', { q })}{' '}
      <Button variant="subtle" size="compact-sm" onClick={onClear}>
        {t('clearSearch')}
      </Button>
    </p>
  );
}

interface UserTableProps {
  me: Me;
  users: readonly User[];
  onEdit: (user: User) => void;
  onAsk: (question: Question) => void;
}

/** With a capital where it begins, as the words of the other columns have. */
const begun = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function UserTable({ me, users, onEdit, onAsk }: UserTableProps) {
  const t = useTranslations('people');
  const columns: Column<User>[] = [
    {
      key: 'name',
      head: t('name'),
      render: ({ id, name, email }) => (
        <span className={classes['person']}>
          {id === me.id ? t('you', { name }) : name}
          <span className="pb-quiet">{email}</span>
        </span>
      ),
    },
    { key: 'role', head: t('role'), render: ({ role }) => t(`houseRole.${role}`) },
    {
      key: 'permissions',
      head: t('permissions'),
      render: ({ role, permissions }) =>
        role === 'administrator' ? t('all') : begun(permissions.map((one) => t(`permissionShort.${one}`)).join(', ')) || t('none'),
    },
    { key: 'factor', head: t('factor'), render: ({ hasSecondFactor }) => (hasSecondFactor ? t('on') : t('off')) },
    {
      key: 'state',
      head: t('state'),
      render: ({ disabled }) => <Status tone={disabled ? 'off' : 'ok'} text={disabled ? t('inactive') : t('active')} />,
    },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (user) => <UserButtons user={user} isMe={user.id === me.id} onEdit={onEdit} onAsk={onAsk} />,
    },
  ];
  return (
    <DataTable
      label={t('users', { count: users.length })}
      columns={columns}
      rows={users}
      keyOf={({ id }) => id}
      isQuiet={({ disabled }) => disabled}
    />
  );
}
