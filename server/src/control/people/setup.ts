/** The first set-up: while nobody is an administrator, whoever holds the one-time link becomes the first one. */
import { changesBetween } from '../../domain/audit.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Actor, Language, Origin } from '../../domain/owner.ts';
import { insertDefaultRules } from '../../storage/alert-rules.ts';
import type { WriteStep } from '../../storage/driver.ts';
import { hasAdministrator, insertPerson, requireNoAdministrator } from '../../storage/people.ts';
import { dropSetting, putSetting, settingOf, takeSetting } from '../../storage/settings.ts';
import { writeAudit } from '../../storage/changes.ts';
import { insertOrganization, insertWorkspace, putMember } from '../../storage/workspaces.ts';
import { auditEntry, commit } from '../change.ts';
import { hashOfKey } from '../issued-key.ts';
import { refusing } from '../stale.ts';
import type { PeopleDeps } from './deps.ts';

const tokenBytes = 32;
const firstWorkspaceName = 'Default';
const firstOrganizationName = 'Patchbay';

const setupDone = (): Refusal => new Refusal('SETUP_DONE');
const tokenInvalid = (): Refusal => new Refusal('SETUP_TOKEN_INVALID');

/** Whether the set-up is still open. */
export const isSetupNeeded = async (deps: Pick<PeopleDeps, 'database'>): Promise<boolean> => !(await hasAdministrator(deps.database));

/**
 * A new one-time token for the set-up link, at each start while the set-up is open; earlier links end with it. Null once it is done.
 * Only a hash is kept, so that reading the database does not open the house.
 */
export async function newSetupToken(deps: Pick<PeopleDeps, 'database' | 'ids' | 'clock'>): Promise<string | null> {
  if (!(await isSetupNeeded(deps))) return null;
  const token = Buffer.from(deps.ids.bytes(tokenBytes)).toString('base64url');
  await deps.database.driver.write([putSetting(deps.database, 'setup_token_hash', hashOfKey(token), deps.clock.nowMs())]);
  return token;
}

export interface FirstAdministrator {
  name: string;
  /** In lower case. */
  email: string;
  password: string;
  language: Language;
  /** IANA name; missing is UTC. */
  timeZone?: string | undefined;
  organizationName?: string;
}

/**
 * Makes the organization, its first administrator and a first workspace in one transaction: of two set-ups at once exactly one wins.
 * `consume` is checked inside it. Returns the new administrator.
 * @throws Refusal SETUP_DONE, SETUP_TOKEN_INVALID
 */
export async function createFirstAdministrator(
  deps: PeopleDeps,
  origin: Origin,
  input: FirstAdministrator,
  consume: readonly WriteStep[],
): Promise<Actor> {
  const { database, ids } = deps;
  const nowMs = deps.clock.nowMs();
  const [userId, organizationId, workspaceId] = [ids.uuid(), ids.uuid(), ids.uuid()];
  const { name, email, language, timeZone } = input;
  const passwordHash = await deps.passwords.hash(input.password);
  const actor: Actor = {
    userId,
    email,
    name,
    role: 'administrator',
    organizationId,
    workspaces: new Map([[workspaceId, 'ADMIN']]),
    language,
    via: 'system',
  };
  const organizationName = input.organizationName ?? firstOrganizationName;
  const steps = [
    requireNoAdministrator(database),
    ...consume,
    insertOrganization(database, { id: organizationId, name: organizationName }, nowMs),
    ...insertPerson(
      database,
      { userId, accountId: ids.uuid(), email, name, passwordHash, role: 'administrator', language, timeZone },
      nowMs,
    ),
    insertWorkspace(
      database,
      { id: workspaceId, organizationId, name: input.organizationName ?? firstWorkspaceName, createdBy: userId },
      nowMs,
    ),
    putMember(database, { workspaceId, userId, role: 'ADMIN' }, nowMs),
    putSetting(database, 'default_workspace_id', workspaceId, nowMs),
    ...insertDefaultRules(database, organizationId, () => ids.uuid(), nowMs),
    putSetting(database, 'default_alert_rules', 'made', nowMs),
    dropSetting(database, 'setup_token_hash'),
  ];
  const committed = commit(deps, { actor, origin }, steps, {
    action: 'installation.setup',
    subjectType: 'organization',
    subjectId: organizationId,
    subjectName: organizationName,
    owner: { scope: 'organization', id: organizationId },
    changes: changesBetween({}, { administrator: email, organization: organizationName }),
  });
  await refusing(committed, { 'is-set-up': setupDone, setup_token_hash: tokenInvalid });
  return actor;
}

/** The set-up as asked for over HTTP. @throws Refusal SETUP_DONE, SETUP_TOKEN_INVALID */
export async function setUp(deps: PeopleDeps, origin: Origin, input: FirstAdministrator & { token: string }): Promise<Actor> {
  if (!(await isSetupNeeded(deps))) throw setupDone();
  const hash = hashOfKey(input.token);
  // Looked at before the password is hashed, so that strangers cannot keep the processor busy.
  if ((await settingOf(deps.database, 'setup_token_hash')) !== hash) {
    const deed = { action: 'installation.setup', subjectType: 'organization', subjectId: null, subjectName: null, owner: null };
    await writeAudit(deps.database, auditEntry(deps, { actor: null, origin }, deed, 'refused', 'SETUP_TOKEN_INVALID'));
    throw tokenInvalid();
  }
  return createFirstAdministrator(deps, origin, input, [takeSetting(deps.database, 'setup_token_hash', hash)]);
}
