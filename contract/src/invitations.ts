/** The shapes of invitations: a link that makes one person, once. */
import { z } from 'zod';
import { isoTime, pageOf, paging } from './paging.ts';
import { email, language, newPassword, organizationRole, timeZone, workspaceRole } from './people.ts';
import { nameText, plainText, uuidText } from './text.ts';

const daysMax = 30;
export const invitationDays = 7;

export const invitation = z.object({
  id: z.string(),
  email: z.string(),
  role: organizationRole,
  workspace: z.object({ id: z.string(), name: z.string(), role: workspaceRole }).nullable(),
  createdBy: z.object({ id: z.string(), name: z.string() }),
  createdAt: isoTime,
  expiresAt: isoTime,
});

export const invitationsQuery = paging.extend({ workspaceId: uuidText.optional() });
export const invitationsAnswer = pageOf(invitation);

/** Without a workspace only administrators may invite, and only they choose another role than `user`. */
export const invitationCreate = z
  .strictObject({
    email,
    role: organizationRole.optional(),
    workspaceId: uuidText.optional(),
    workspaceRole: workspaceRole.optional(),
    days: z.number().int().min(1).max(daysMax).default(invitationDays),
  })
  .refine(({ workspaceId, workspaceRole: role }) => (workspaceId === undefined) === (role === undefined), {
    path: ['workspaceRole'],
    message: 'a workspace and the role in it come together',
  });

/**
 * The only answer that ever holds the token; the page makes the link of it. Whoever has an account already is made a member at
 * once: then there is no invitation, and `added` names the person.
 */
export const invitationCreated = z.object({
  success: z.literal(true),
  data: z.object({
    invitation: invitation.extend({ token: z.string() }).nullable(),
    added: z.object({ id: z.string(), name: z.string(), email: z.string() }).nullable(),
  }),
});

const token = plainText(1, 200);
export const invitationLook = z.strictObject({ token });
/** What the invited person is told before they accept. */
export const invitationSeen = z.object({
  success: z.literal(true),
  data: z.object({
    email: z.string(),
    invitedBy: z.string(),
    organization: z.string(),
    workspace: z.string().nullable(),
    expiresAt: isoTime,
  }),
});
export const invitationAccept = z.strictObject({
  token,
  name: nameText,
  password: newPassword,
  language: language.optional(),
  /** Where the person is; their reports have its days. UTC where it is left out. */
  timeZone: timeZone.optional(),
});

export type Invitation = z.output<typeof invitation>;
