/** The mail server of the installation: set, changed, tried and taken away by administrators; its password is bound to it. */
import { changesBetween } from '../domain/audit.ts';
import type { AlertChannel, MailServer } from '../domain/alert.ts';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import type { Owner } from '../domain/owner.ts';
import { placeOfMailPassword } from '../domain/sealing.ts';
import { writeAudit } from '../storage/changes.ts';
import { deleteMail, mailServer, putMail, staleMail } from '../storage/alert-channels.ts';
import type { AlertSendRoom, Sent } from './alert-channels.ts';
import type { ObjectState } from '../storage/object-revisions.ts';
import { auditEntry, commit, keptState, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { scrubSecrets } from './scrub.ts';
import { sealingKeyOf } from './secrets.ts';
import { notFound, refusing, stale } from './stale.ts';

const subjectType = 'mail_server';

export interface MailInput {
  host: string;
  port: number;
  security: MailServer['security'];
  username?: string | null;
  password?: string | null;
  sender: string;
}

const deedOn = (deps: ControlDeps, action: string, { host, port }: MailServer, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType,
  subjectId: deps.keeper.snapshot.organizationId,
  subjectName: `${host}:${port}`,
  owner: { scope: 'organization', id: deps.keeper.snapshot.organizationId },
  changes,
});

const audited = ({ host, port, security, username, sender, hasPassword }: MailServer): Record<string, unknown> => ({ host, port, security, username, sender, hasPassword }); // prettier-ignore

/** An address, or a name and an address in angle brackets; no list, no line break. */
const senderForm = /^(?:[^<>\p{Cc},;]*<[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u;

/**
 * Whether a password that was entered for the one may be shown to the other. One that was entered for a line that nobody reads does not
 * go over one that anybody could.
 */
export const isSameMailPlace = (
  before: Pick<MailServer, 'host' | 'port' | 'username' | 'security'>,
  after: Pick<MailServer, 'host' | 'port' | 'username' | 'security'>,
): boolean =>
  before.host === after.host &&
  before.port === after.port &&
  before.username === after.username &&
  (after.security !== 'none' || before.security === 'none');

/** Null where none is set. */
export async function mailServerOf({ database }: Pick<ControlDeps, 'database'>): Promise<MailServer | null> {
  return (await mailServer(database))?.server ?? null;
}

/** Sets it as a whole. @throws Refusal VALIDATION_ERROR, SECRET_REQUIRED_FOR_NEW_ORIGIN, CONFLICT, STALE */
export async function setMailServer(
  deps: ControlDeps,
  caller: Caller,
  input: MailInput,
  expected?: Expected<MailServer>,
): Promise<MailServer> {
  const { organizationId } = deps.keeper.snapshot;
  const before = await mailServer(deps.database);
  if (before)
    await refuseStale(deps, expected, { row: before.server, revision: before.server.revision, type: subjectType, id: organizationId });
  if (!senderForm.test(input.sender)) throw unfit({ path: 'sender', code: 'invalid', message: 'an address, or a name and <an address>' });
  const username = input.username ?? null;
  if (input.password === undefined && before?.sealed && username !== null && !isSameMailPlace(before.server, { ...input, username }))
    throw new Refusal('SECRET_REQUIRED_FOR_NEW_ORIGIN', {
      values: { origin: `${before.server.host}:${before.server.port}` },
      details: [{ path: 'password', code: 'required_for_new_origin', message: 'enter it again for this server and name' }],
    });
  const owner: Owner = { scope: 'organization', id: organizationId };
  const sealing = input.password ? await sealingKeyOf(deps, owner) : null;
  const place = placeOfMailPassword(organizationId, input);
  const sealed = sealing
    ? deps.vault.seal(input.password ?? '', place, sealing.key)
    : input.password === undefined && username !== null
      ? (before?.sealed ?? null)
      : null;
  const server: MailServer = {
    host: input.host,
    port: input.port,
    security: input.security,
    username,
    hasPassword: sealed !== null,
    sender: input.sender,
    trust: 'administrator',
    updatedAtMs: deps.clock.nowMs(),
    revision: 0,
  };
  const changes = { ...changesBetween(before ? audited(before.server) : {}, audited(server)), ...(sealing ? { password: {} } : {}) };
  const step = putMail(deps.database, organizationId, { server, sealed }, caller.actor.userId, before?.server.revision ?? null);
  const steps = [...(sealing?.steps ?? []), step];
  const state = keptState(before?.server ?? null, before ? audited(before.server) : null, audited(server));
  const deed = { ...deedOn(deps, 'mail_server.update', server, changes), state };
  await refusing(commit(deps, caller, steps, deed), { [staleMail]: stale });
  if (before?.sealed && before.sealed !== sealed) await scrubSecrets(deps);
  const after = await mailServerOf(deps);
  if (!after) throw notFound();
  return after;
}

/** @throws Refusal NOT_FOUND where none is set */
export async function clearMailServer(deps: ControlDeps, caller: Caller): Promise<void> {
  const before = await mailServer(deps.database);
  if (!before) throw notFound();
  const step = deleteMail(deps.database, deps.clock.nowMs());
  const deed = { ...deedOn(deps, 'mail_server.delete', before.server), state: keptState(before.server, audited(before.server), null) };
  await refusing(commit(deps, caller, [step], deed), { [staleMail]: notFound });
  await scrubSecrets(deps);
}

/** What a kept state needs and no history has: the password of its server, where there is none to keep. */
export async function missingPassword({ database }: Pick<ControlDeps, 'database'>, state: ObjectState): Promise<FieldFault[]> {
  if (state['hasPassword'] !== true || (await mailServer(database))?.sealed) return [];
  return [{ path: 'password', code: 'gone', message: 'its password is not there any more: set the server anew' }];
}

/** A kept state as somebody would enter it: a password stays where there was one, and one of today is not shown to a server that had none. */
export function mailInput(state: ObjectState): MailInput {
  const { host, port, security, username, sender, hasPassword } = state as unknown as MailServer;
  return { host, port, security, username, sender, ...(hasPassword ? {} : { password: null }) };
}

/** Sends a test to an address. @throws Refusal NOT_FOUND where no server is set */
export async function testMailServer(deps: AlertSendRoom, caller: Caller, to: string): Promise<Sent> {
  const { actor } = caller;
  const stored = await mailServer(deps.database);
  if (!stored) throw notFound();
  const { organizationId, people } = deps.keeper.snapshot;
  const nowMs = deps.clock.nowMs();
  const letterbox: AlertChannel = {
    id: organizationId,
    owner: { scope: 'organization', id: organizationId },
    name: '',
    kind: 'email',
    settings: { recipients: [to] },
    origin: '',
    hasSecret: false,
    language: actor.language,
    timeZone: people.get(actor.userId)?.timeZone ?? 'UTC',
    trust: 'administrator',
    isActive: true,
    createdBy: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 0,
  };
  const message = { event: 'test' as const, alert: null, atMs: nowMs, url: deps.alertPageUrl() };
  const sent = await deps.sendAlert(letterbox, { id: deps.ids.uuid(), recipient: to, message });
  const deed = deedOn(deps, 'mail_server.test', stored.server);
  await writeAudit(deps.database, auditEntry(deps, caller, deed, sent.isSent ? 'success' : 'failed'));
  return sent;
}
