/** Who a thing belongs to, and who is asking. */

export type Scope = 'user' | 'workspace' | 'organization';

/** One scope owner: a user, a workspace, or the organization (the installation). */
export interface Owner {
  scope: Scope;
  id: string;
}

/** A key for maps: owners are compared by value. */
export const ownerKey = (owner: Owner): string => `${owner.scope}:${owner.id}`;

export type WorkspaceRole = 'READ' | 'WRITE' | 'ADMIN';
export type OrganizationRole = 'administrator' | 'manager' | 'user';
export type Permission = 'manage_ai_models' | 'manage_ai_use_cases' | 'use_ai_chat';
export type Language = 'en' | 'id';

/** What each role may do in the whole installation (D-18). */
export const permissionsOf: Record<OrganizationRole, readonly Permission[]> = {
  administrator: ['manage_ai_models', 'manage_ai_use_cases', 'use_ai_chat'],
  manager: ['manage_ai_models', 'manage_ai_use_cases', 'use_ai_chat'],
  user: ['use_ai_chat'],
};

/** The person behind a request, as authenticated. Rights are read from here and from nowhere else. */
export interface Actor {
  userId: string;
  email: string;
  name: string;
  role: OrganizationRole;
  /** What an administrator gave this person in the place of what the role brings; null or absent is the role's own. */
  permissions?: readonly Permission[] | null;
  organizationId: string;
  /** Role by workspace id; a workspace that is missing here is not the actor's. */
  workspaces: ReadonlyMap<string, WorkspaceRole>;
  language: Language;
  /** How the actor proved who they are; `system` is the command line and jobs. */
  via: 'session' | 'token' | 'system';
}

/** What came with the request and belongs into every audit entry. */
export interface Origin {
  requestId: string;
  address: string;
  agent: string;
  /** When the request came, epoch milliseconds. */
  atMs?: number;
  /** Asked with HEAD: of what is read nothing is shown. */
  isHead?: boolean;
}

/** What the person may do in the whole installation. An administrator may everything, whatever was chosen before. */
export const permissionsFor = (person: Pick<Actor, 'role' | 'permissions'>): readonly Permission[] =>
  person.role === 'administrator' ? permissionsOf.administrator : (person.permissions ?? permissionsOf[person.role]);
export const may = (actor: Actor, permission: Permission): boolean => permissionsFor(actor).includes(permission);
export const isAdministrator = (actor: Actor): boolean => actor.role === 'administrator';
/** Whether somebody may change what belongs to a workspace. */
export const canWrite = (actor: Actor, workspaceId: string): boolean =>
  isAdministrator(actor) || ['WRITE', 'ADMIN'].includes(actor.workspaces.get(workspaceId) ?? '');
