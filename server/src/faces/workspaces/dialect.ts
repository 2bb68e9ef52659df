/** Workspaces in S3's words: `orgId`, `users`, and organization roles as numbers (contracts 2.4). */
import type { WorkspaceView } from '@patchbay/contract/workspaces';
import type { Workspace } from '../../control/workspaces.ts';
import type { OrganizationRole } from '../../domain/owner.ts';

/** S3 has more roles; these are the ones that mean the same here. */
const orgRoles: Record<OrganizationRole, number> = { user: 0x00, manager: 0x02, administrator: 0xfe };

export const fromWorkspace = (workspace: Workspace): WorkspaceView => ({
  id: workspace.id,
  name: workspace.name,
  orgId: workspace.organizationId,
  users: workspace.members.map((member) => ({
    userId: member.userId,
    role: member.role,
    user: { id: member.userId, name: member.name, lastName: '', email: member.email, orgRole: orgRoles[member.organizationRole] },
  })),
  default: workspace.isDefault,
  createdAt: new Date(workspace.createdAtMs).toISOString(),
  deletedAt: null,
  revision: workspace.revision,
});
