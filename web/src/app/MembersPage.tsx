/** `/members`: who is in the workspace, and as what. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { Capture } from '../features/requests/components/Capture.tsx';
import { Limits } from '../features/limits/components/Limits.tsx';
import { Members } from '../features/people/components/Members.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { useWorkspace } from '../lib/choices.ts';
import { focusPageTitle } from '../lib/focus.ts';
import { useShown } from '../lib/use-shown.ts';
import { Empty } from '../ui/Empty.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { SecretReveal } from '../ui/SecretReveal.tsx';

export function MembersPage() {
  const t = useTranslations('people');
  const ofContents = useTranslations('capture');
  const { data: me } = useSuspenseQuery(meQuery);
  const workspace = useWorkspace(me);
  const [isInviting, setInviting] = useState(false);
  const { shown: link, ...links } = useShown<string>();
  const stored = (): void => {
    links.stored();
    focusPageTitle();
  };
  if (!workspace)
    return (
      <>
        <PageHead title={t('membersTitle')} />
        <Empty title={t('noWorkspace')} text={t('noWorkspaceText', { organization: me.organization.name })} />
      </>
    );
  const { id, name } = workspace;
  const isAdmin = workspace.role === 'ADMIN';
  const ofHistory = { id, organization: me.organization.name };
  return (
    <>
      <PageHead title={t('membersTitle')} text={t('membersText', { name })}>
        {isAdmin && <HistoryButton key={`history of ${id}`} type="workspace" name={name} {...ofHistory} />}
        {!isInviting && isAdmin && <Button onClick={() => setInviting(true)}>{t('inviteMember')}</Button>}
      </PageHead>
      {link === null ? (
        <Members key={workspace.id} me={me} workspace={workspace} isInviting={isInviting} onInvite={setInviting} onInvited={links.show} />
      ) : (
        <SecretReveal key={link} title={t('linkMade')} label={t('link')} secret={link} storedLabel={t('linkStored')} onDone={stored} />
      )}
      <Capture
        key={`contents of ${workspace.id}`}
        workspaceId={workspace.id}
        isAdmin={isAdmin}
        organization={me.organization.name}
        history={isAdmin && <HistoryButton type="workspace-capture" name={ofContents('title')} place="panel" {...ofHistory} />}
      />
      <Limits key={`limits of ${workspace.id}`} subjectKind="workspace" subjectId={workspace.id} organization={me.organization.name} />
    </>
  );
}
