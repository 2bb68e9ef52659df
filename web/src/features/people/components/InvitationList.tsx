/** Invitations that nobody has accepted yet. Without any there is nothing to show. */
import type { Invitation } from '@patchbay/contract/invitations';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Coming } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { invitationsQuery, useWithdraw } from '../api/people.ts';

export function InvitationList({ workspaceId }: { workspaceId: string | null }) {
  const t = useTranslations('people');
  const language = useLocale();
  const format = useFormatter();
  const sayDone = useSayDone();
  const { data: invitations, error } = useQuery(invitationsQuery(workspaceId));
  const withdraw = useWithdraw();
  if (!invitations && error) return <Notice tone="bad">{errorText(error, language)}</Notice>;
  if (!invitations) return <Coming />;
  if (invitations.length === 0) return null;
  const roleOf = ({ role, workspace }: Invitation): string =>
    workspace === null ? t(`houseRole.${role}`) : `${workspace.name}: ${t(`memberRole.${workspace.role}`)}`;
  const columns: Column<Invitation>[] = [
    { key: 'email', head: t('email'), render: ({ email }) => email },
    { key: 'role', head: t('role'), render: roleOf },
    { key: 'by', head: t('invitedBy'), render: ({ createdBy }) => createdBy.name },
    { key: 'until', head: t('until'), render: ({ expiresAt }) => format.dateTime(new Date(expiresAt), { dateStyle: 'medium' }) },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: ({ id, email }) => (
        <Button
          variant="subtle"
          size="compact-sm"
          color="red"
          aria-label={t('withdrawNamed', { email })}
          onClick={() => withdraw.mutate(id, { onSuccess: () => sayDone(t('withdrawn', { email })) })}
        >
          {t('withdraw')}
        </Button>
      ),
    },
  ];
  return (
    <Panel title={t('invitations')} isPlain>
      {withdraw.isError && <Notice tone="bad">{errorText(withdraw.error, language)}</Notice>}
      <DataTable label={t('invitations')} columns={columns} rows={invitations} keyOf={({ id }) => id} />
    </Panel>
  );
}
