/** The audit log of the installation and of a workspace. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { auditSearchOf } from '../features/audit/search.ts';
import { files } from './page-files.ts';
import { shell } from './routes-root.tsx';

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/admin/audit',
  validateSearch: auditSearchOf,
  component: lazyRouteComponent(files.AuditPage, 'AuditPage'),
});

const workspaceAudit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: auditSearchOf,
  component: lazyRouteComponent(files.AuditPage, 'WorkspaceAuditPage'),
});

export const auditRoutes = [audit, workspaceAudit] as const;
