/** Invitations in the words of `/api`. */
import type { Invitation } from '@patchbay/contract/invitations';
import { isoOf } from '../../lib/iso-time.ts';
import type { InvitationRecord } from '../../storage/invitations.ts';

export const fromInvitation = (invitation: InvitationRecord): Invitation => {
  const { workspaceId, workspaceName, workspaceRole } = invitation;
  return {
    id: invitation.id,
    email: invitation.email,
    role: invitation.role,
    workspace:
      workspaceId === null || workspaceName === null || workspaceRole === null
        ? null
        : { id: workspaceId, name: workspaceName, role: workspaceRole },
    createdBy: { id: invitation.createdBy, name: invitation.creatorName },
    createdAt: isoOf(invitation.createdAtMs),
    expiresAt: isoOf(invitation.expiresAtMs),
  };
};
