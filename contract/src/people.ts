/** The shapes of people, their sessions and personal tokens, and of the first set-up, as both sides of the wire know them. */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, revisionNumber } from './connections.ts';
import { isoTime, pageOf, paging } from './paging.ts';
import { isPlain, nameText, plainFault, plainText } from './text.ts';

export const language = z.enum(['en', 'id']);
export const theme = z.enum(['auto', 'light', 'dark']);
export const organizationRole = z.enum(['administrator', 'manager', 'user']);
export const permission = z.enum(['manage_ai_models', 'manage_ai_use_cases', 'use_ai_chat']);
export const workspaceRole = z.enum(['READ', 'WRITE', 'ADMIN']);

/** In the place of what the role brings; null gives the role's own back. */
const permissions = z.array(permission).max(permission.options.length);

/** Longer passwords are refused before anything is hashed (ASVS 6.2.9 asks for at least 64). */
export const passwordCharsMin = 8;
export const passwordCharsMax = 128;

export const email = z.string().trim().toLowerCase().max(254).pipe(z.email());
/** Two passwords that differ only in what UTF-8 cannot hold would be hashed alike, and nobody can type a control character. */
export const newPassword = plainText(passwordCharsMin, passwordCharsMax);

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
export const timeZone = z.string().max(64).refine(isTimeZone, 'not an IANA time zone');

export const setupStatus = z.object({
  success: z.literal(true),
  data: z.object({
    needed: z.boolean(),
    demoOffered: z.boolean(),
    /** What `.env` names (C-02); only told while the set-up is open. */
    environment: z.object({ baseUrl: z.string(), model: z.string().nullable(), hasSecret: z.boolean() }).nullable(),
  }),
});

export const setupBody = z.strictObject({
  token: plainText(1, 200),
  name: nameText,
  email,
  password: newPassword,
  language: language.optional(),
  /** Where the person is; their reports have its days. UTC where it is left out. */
  timeZone: timeZone.optional(),
  organizationName: nameText.optional(),
});

export const signInBody = z.strictObject({
  email: z.string().trim().toLowerCase().min(1).max(254).refine(isPlain, plainFault),
  password: z.string().min(1).max(passwordCharsMax),
  /** False ends the session with the browser, and after a day at the latest. */
  rememberMe: z.boolean().optional(),
});

export const changePasswordBody = z.strictObject({
  currentPassword: z.string().min(1).max(passwordCharsMax),
  newPassword,
});

export const userBrief = z.object({ id: z.string(), name: z.string(), email: z.string() });
export const signedIn = z.object({ success: z.literal(true), data: z.object({ user: userBrief }) });
/** With a second factor the password alone signs nobody in: then `user` is null and the answer's cookie waits for the code. */
export const signInAnswer = z.object({
  success: z.literal(true),
  data: z.object({ user: userBrief.nullable(), secondFactor: z.boolean() }),
});
export const sessionAnswer = z.object({
  success: z.literal(true),
  data: z.object({ user: userBrief, session: z.object({ id: z.string(), expiresAt: isoTime }) }).nullable(),
});
export const done = z.object({ success: z.literal(true), data: z.null() });

export const me = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: organizationRole,
  permissions: z.array(permission),
  language,
  timeZone: z.string(),
  theme,
  hasSecondFactor: z.boolean(),
  organization: z.object({ id: z.string(), name: z.string() }),
  workspaces: z.array(z.object({ id: z.string(), name: z.string(), role: workspaceRole })),
  /** Id of the newest event when this was asked: a stream that goes on after it misses nothing. */
  lastEventId: z.string(),
});
export const meAnswer = z.object({ success: z.literal(true), data: me });
export const meChange = z.strictObject({
  name: nameText.optional(),
  language: language.optional(),
  timeZone: timeZone.optional(),
  theme: theme.optional(),
});

export const session = z.object({
  id: z.string(),
  createdAt: isoTime,
  expiresAt: isoTime,
  lastSeenAt: isoTime,
  address: z.string().nullable(),
  agent: z.string().nullable(),
  isCurrent: z.boolean(),
});
export const sessionsAnswer = z.object({ success: z.literal(true), data: z.array(session) });

export const token = z.object({
  id: z.string(),
  name: z.string(),
  last4: z.string(),
  expiresAt: isoTime.nullable(),
  revokedAt: isoTime.nullable(),
  createdAt: isoTime,
});
/** `ended` lists those too that were revoked in the last 90 days; expired ones are listed as long in any case. */
export const tokensQuery = paging.extend({ ended: z.stringbool().optional() });
export const tokensAnswer = pageOf(token);
export const tokenCreate = z.strictObject({ name: nameText, expiresAt: isoTime.nullish() });
/** The only answer that ever holds the token. */
export const tokenCreated = z.object({ success: z.literal(true), data: token.extend({ token: z.string() }) });

export const user = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: organizationRole,
  /** What the person may do: what the role brings, or what was chosen in its place. */
  permissions: z.array(permission),
  /** Whether the permissions were chosen for this person. */
  hasOwnPermissions: z.boolean(),
  language,
  hasSecondFactor: z.boolean(),
  disabled: z.boolean(),
  createdAt: isoTime,
  /** Moves with every change, also with what people change of themselves; see `userChange`. */
  revision: z.number(),
});
export const usersQuery = paging.extend({ q: plainText(0, 254).optional() });
export const usersAnswer = pageOf(user);
export const userAnswer = z.object({ success: z.literal(true), data: user });
export const userCreate = z.strictObject({
  email,
  name: nameText,
  role: organizationRole.optional(),
  permissions: permissions.nullish(),
  language: language.optional(),
  /** Left out, one is made and shown in the answer once. */
  password: newPassword.optional(),
});
export const userCreated = z.object({ success: z.literal(true), data: user.extend({ generatedPassword: z.string().nullable() }) });
/** What is named is changed, everything else stays. */
export const userChange = z
  .strictObject({
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
    role: organizationRole.optional(),
    permissions: permissions.nullish(),
    disabled: z.boolean().optional(),
    name: nameText.optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);

export type Me = z.output<typeof me>;
export type User = z.output<typeof user>;
export type Session = z.output<typeof session>;
export type Token = z.output<typeof token>;
