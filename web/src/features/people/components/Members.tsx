/** The members of one workspace with their roles. Those who may not change them see who may. */
import type { Me } from '@patchbay/contract/people';
import type { WorkspaceView } from '@patchbay/contract/workspaces';
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce, useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { useMemberRole, workspaceQuery, type MemberRole } from '../api/people.ts';
import { InvitationList } from './InvitationList.tsx';
import { InvitePanel } from './InvitePanel.tsx';
import classes from './security.module.css';

type Member = WorkspaceView['users'][number];
const roles = ['READ', 'WRITE', 'ADMIN'] as const;

interface MembersProps {
  me: Me;
  workspace: Me['workspaces'][number];
  isInviting: boolean;
  onInvite: (isInviting: boolean) => void;
  /** With the link, which is shown once: by somebody who stays when another workspace is chosen. */
  onInvited: (link: string) => void;
}

export function Members({ me, workspace, isInviting, onInvite, onInvited }: MembersProps) {
  const t = useTranslations('people');
  const sayDone = useSayDone();
  const { data, error, refetch } = useQuery(workspaceQuery(workspace.id));
  const [said, setSaid] = useState<string | null>(null);
  const isAdmin = workspace.role === 'ADMIN';
  if (!data && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const admins = data.users.filter(({ role }) => role === 'ADMIN').map(({ user }) => user.name);
  const invited = (made: string): void => {
    onInvite(false);
    onInvited(made);
  };
  const added = (name: string): void => {
    onInvite(false);
    setSaid(t('added', { name }));
    sayDone(t('added', { name }));
  };
  return (
    <>
      {!isAdmin && (
        <Notice tone="info">
          <p>{t('readOnly', { names: admins.join(', ') || me.organization.name })}</p>
        </Notice>
      )}
      {said !== null && (
        <Notice tone="info">
          <p>{said}</p>
        </Notice>
      )}
      {isInviting && isAdmin && <InvitePanel workspace={workspace} onInvited={invited} onAdded={added} onCancel={() => onInvite(false)} />}
      {data.users.length === 0 ? (
        <Empty title={t('noMembers')} text={t('noMembersText')} />
      ) : (
        <MemberTable me={me} workspace={data} isAdmin={isAdmin} />
      )}
      {isAdmin && <InvitationList workspaceId={workspace.id} />}
    </>
  );
}

function MemberTable({ me, workspace, isAdmin }: { me: Me; workspace: WorkspaceView; isAdmin: boolean }) {
  const t = useTranslations('people');
  const language = useLocale();
  const announce = useAnnounce();
  const change = useMemberRole();
  const sayDone = useSayDone();
  const remove = useMemberRole();
  const [removing, setRemoving] = useState<Member | null>(null);
  const adminCount = workspace.users.filter(({ role }) => role === 'ADMIN').length;
  const isLast = ({ role }: Member): boolean => role === 'ADMIN' && adminCount === 1;
  const give = (member: Member, role: MemberRole): void =>
    change.mutate(
      { workspaceId: workspace.id, userId: member.userId, role },
      { onSuccess: () => announce(t('roleGiven', { name: member.user.name, role: t(`memberRole.${role}`) })) },
    );
  const columns: Column<Member>[] = [
    { key: 'name', head: t('name'), render: (member) => <Person of={member} isMe={member.userId === me.id} /> },
    {
      key: 'role',
      head: t('role'),
      render: (member) => <RoleField of={member} isFixed={!isAdmin || isLast(member)} onGive={(role) => give(member, role)} />,
    },
  ];
  if (isAdmin)
    columns.push({
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (member) => (
        <ReasonButton
          variant="subtle"
          size="compact-sm"
          color="red"
          aria-label={t('removeNamed', { name: member.user.name })}
          reason={isLast(member) ? t('lastAdmin') : null}
          onClick={() => setRemoving(member)}
        >
          {t('remove')}
        </ReasonButton>
      ),
    });
  return (
    <>
      {change.isError && <Notice tone="bad">{errorText(change.error, language)}</Notice>}
      <DataTable label={t('members', { name: workspace.name })} columns={columns} rows={workspace.users} keyOf={({ userId }) => userId} />
      <DeedQuestion
        of={removing}
        change={remove}
        inputOf={({ userId }) => ({ workspaceId: workspace.id, userId, role: null })}
        title={({ user: { name } }) => t('removeTitle', { name, workspace: workspace.name })}
        text={({ user: { name } }) => t('removeText', { name })}
        cancelLabel={t('cancel')}
        confirmLabel={t('remove')}
        onClose={() => setRemoving(null)}
        onDone={({ user: { name } }) => sayDone(t('removed', { name }))}
      />
    </>
  );
}

function Person({ of: { user }, isMe }: { of: Member; isMe: boolean }) {
  const t = useTranslations('people');
  return (
    <span className={classes['person']}>
      {isMe ? t('you', { name: user.name }) : user.name}
      <span className="pb-quiet">{user.email}</span>
    </span>
  );
}

function RoleField({ of, isFixed, onGive }: { of: Member; isFixed: boolean; onGive: (role: MemberRole) => void }) {
  const t = useTranslations('people');
  if (isFixed) return t(`roleMeaning.${of.role}`);
  return (
    <NativeSelect
      size="xs"
      aria-label={t('roleOf', { name: of.user.name })}
      value={of.role}
      onChange={(event) => onGive(event.currentTarget.value as MemberRole)}
    >
      {roles.map((role) => (
        <option key={role} value={role}>
          {t(`roleMeaning.${role}`)}
        </option>
      ))}
    </NativeSelect>
  );
}
