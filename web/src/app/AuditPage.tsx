/** `/admin/audit` and `/audit`: who did what in the installation, or in the workspace that is shown. */
import type { AuditRow } from '@patchbay/client/audit';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { AuditLog } from '../features/audit/components/AuditLog.tsx';
import { ChainBadge } from '../features/audit/components/ChainBadge.tsx';
import { Retention } from '../features/audit/components/Retention.tsx';
import { auditSearchOf } from '../features/audit/search.ts';
import { meQuery } from '../features/session/api/me.ts';
import { useWorkspace } from '../lib/choices.ts';
import { Empty } from '../ui/Empty.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { isAdministrator } from './nav-entries.ts';

/** The object's own page, where it has one. */
function objectLink({ subject: { type, id } }: AuditRow, text: string): ReactNode {
  if (id === null) return text;
  if (type === 'connection')
    return (
      <Link to="/connections/$id" params={{ id }}>
        {text}
      </Link>
    );
  if (type === 'policy')
    return (
      <Link to="/policies/$id" params={{ id }}>
        {text}
      </Link>
    );
  if (type === 'repository')
    return (
      <Link to="/repositories/$id" params={{ id }}>
        {text}
      </Link>
    );
  if (type === 'use-case')
    return (
      <Link to="/admin/ai_use_cases/$id" params={{ id }}>
        {text}
      </Link>
    );
  return text;
}

/** All entries of one request: a change may leave several. */
const requestLink =
  (to: '/admin/audit' | '/audit') =>
  (requestId: string): ReactNode => (
    <Link to={to} search={{ requestId }}>
      {requestId}
    </Link>
  );

export function AuditPage() {
  const t = useTranslations('audit');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const search = auditSearchOf(useSearch({ strict: false }));
  return (
    <>
      <PageHead title={t('title')} text={t('text')} />
      {isAdministrator(me) && <ChainBadge />}
      <AuditLog
        workspaceId={null}
        organization={me.organization.name}
        search={search}
        onSearch={(next) => void navigate({ to: '/admin/audit', search: next })}
        renderObject={objectLink}
        renderRequest={requestLink('/admin/audit')}
      />
      {isAdministrator(me) && <Retention organization={me.organization} />}
    </>
  );
}

export function WorkspaceAuditPage() {
  const t = useTranslations('audit');
  const nav = useTranslations('nav');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const workspace = useWorkspace(me);
  const search = auditSearchOf(useSearch({ strict: false }));
  if (!workspace || (workspace.role !== 'ADMIN' && !isAdministrator(me)))
    return (
      <>
        <PageHead title={nav('workspaceAudit')} />
        <Empty title={t('closedTitle')} text={t('closedText', { name: workspace?.name ?? me.organization.name })} />
      </>
    );
  return (
    <>
      <PageHead title={nav('workspaceAudit')} text={t('workspaceText', { name: workspace.name })} />
      <AuditLog
        key={workspace.id}
        workspaceId={workspace.id}
        organization={me.organization.name}
        search={search}
        onSearch={(next) => void navigate({ to: '/audit', search: next })}
        renderObject={objectLink}
        renderRequest={requestLink('/audit')}
      />
    </>
  );
}
