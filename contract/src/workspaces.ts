/** The shapes of S3's workspaces: members with READ, WRITE or ADMIN, organization roles as numbers. */
import { z } from 'zod';
import { revisionNumber } from './connections.ts';
import { isoTime } from './paging.ts';
import { nameText, uuidText } from './text.ts';

export const workspaceRole = z.enum(['READ', 'WRITE', 'ADMIN']);

export const member = z.object({
  userId: z.string(),
  role: workspaceRole,
  user: z.object({
    id: z.string(),
    name: z.string(),
    /** Always empty: the house keeps one name. The field is there because S3's clients read it. */
    lastName: z.string(),
    email: z.string(),
    /** 0 user, 2 may create workspaces, 254 administrator. */
    orgRole: z.number(),
  }),
});

export const workspace = z.object({
  id: z.string(),
  name: z.string(),
  orgId: z.string(),
  users: z.array(member),
  /** The workspace that came with the set-up. */
  default: z.boolean(),
  createdAt: isoTime,
  deletedAt: isoTime.nullable(),
  revision: z.number(),
});

export const workspaceBody = z.strictObject({ name: nameText });
/** `revision` is what the change was made from; another one is answered with CONFLICT. */
export const workspaceChange = z.strictObject({ name: nameText, revision: revisionNumber.optional() });
export const memberBody = z.strictObject({ userId: uuidText, role: workspaceRole });
export const memberChange = z.strictObject({ role: workspaceRole });

export const workspaceAnswer = z.object({ success: z.literal(true), workspace });
export const workspacesAnswer = z.object({ success: z.literal(true), workspaces: z.array(workspace) });
export const workspaceDone = z.object({ success: z.literal(true) });

export type WorkspaceView = z.output<typeof workspace>;
