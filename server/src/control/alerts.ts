/** What people do with alerts: list them, look after one, end one, and see what was delivered. */
import type { Alert } from '../domain/alert.ts';
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { deliveriesOf, type AlertDelivery } from '../storage/alert-deliveries.ts';
import {
  acknowledgeAlert,
  alertById,
  countOpen,
  listAlerts as storedAlerts,
  resolveAlert,
  staleAlert,
  type AlertQuestion,
} from '../storage/alerts.ts';
import { writeAudit } from '../storage/changes.ts';
import { alertOwnersOf, requireAlertRight } from './alert-access.ts';
import { channelFor } from './alert-channels.ts';
import { auditEntry, type Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { refusing } from './stale.ts';

export interface AlertRoom extends ControlDeps {
  /** Tells pages of what changed here, at once. */
  alertsChanged(): void;
}

const subjectType = 'alert';
const deliveriesOfOneMax = 200;

/** Whose alerts is not the asker's to say. */
export type AlertsAsked = Omit<AlertQuestion, 'owners'>;

/** One page of what the actor may see, newest first, and the cursor of the next. */
export async function listAlerts(
  deps: Pick<ControlDeps, 'database'>,
  actor: Actor,
  { connectionId, ruleId, ...asked }: AlertsAsked,
): Promise<{ alerts: Alert[]; nextCursor: string | null }> {
  // Ids that are none belong to no alert.
  if ([connectionId, ruleId].some((id) => id !== undefined && !isUuid(id))) return { alerts: [], nextCursor: null };
  const owners = await alertOwnersOf(deps, actor);
  const alerts = await storedAlerts(deps.database, { ...asked, connectionId, ruleId, owners, limit: asked.limit + 1 });
  const page = alerts.slice(0, asked.limit);
  return { alerts: page, nextCursor: alerts.length > asked.limit ? (page.at(-1)?.id ?? null) : null };
}

/** What the bell shows. */
export const countAlerts = async (deps: Pick<ControlDeps, 'database'>, actor: Actor) =>
  countOpen(deps.database, await alertOwnersOf(deps, actor));

/** @throws Refusal NOT_FOUND, FORBIDDEN as C-50 says */
async function alertFor(deps: ControlDeps, caller: Caller, id: string, need: 'see' | 'change', action: string): Promise<Alert> {
  const alert = isUuid(id) ? await alertById(deps.database, id) : undefined;
  const thing = alert && { owner: alert.owner, name: alert.details.subject };
  await requireAlertRight(deps, caller, thing, need, { action, subjectType, id });
  return alert!;
}

/** One alert with everything that was sent of it. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function seeAlert(deps: ControlDeps, caller: Caller, id: string): Promise<{ alert: Alert; deliveries: AlertDelivery[] }> {
  const alert = await alertFor(deps, caller, id, 'see', 'alert.read');
  return { alert, deliveries: await deliveriesOf(deps.database, { alertId: id, limit: deliveriesOfOneMax }) };
}

async function change(
  deps: AlertRoom,
  caller: Caller,
  id: string,
  action: 'alert.acknowledge' | 'alert.resolve',
  note: string | null,
): Promise<{ alert: Alert; deliveries: AlertDelivery[] }> {
  const alert = await alertFor(deps, caller, id, 'change', action);
  const nowMs = deps.clock.nowMs();
  const by = caller.actor.userId;
  const step =
    action === 'alert.resolve' ? resolveAlert(deps.database, id, nowMs, by) : acknowledgeAlert(deps.database, id, by, note, nowMs);
  const entry = auditEntry(deps, caller, {
    action,
    subjectType,
    subjectId: id,
    subjectName: alert.details.subject,
    owner: alert.owner,
    changes: note === null ? null : { note: { after: note } },
  });
  await refusing(writeAudit(deps.database, entry, [step]), { [staleAlert]: () => new Refusal('STALE') });
  deps.alertsChanged();
  return seeAlert(deps, caller, id);
}

/** Somebody looks after it: nobody is told of it again. @throws Refusal NOT_FOUND, FORBIDDEN, STALE where it is over */
export const acknowledge = (deps: AlertRoom, caller: Caller, id: string, note: string | null) =>
  change(deps, caller, id, 'alert.acknowledge', note);

/** Ends it by hand. What goes on opens a new one. @throws Refusal NOT_FOUND, FORBIDDEN, STALE where it is over */
export const resolve = (deps: AlertRoom, caller: Caller, id: string) => change(deps, caller, id, 'alert.resolve', null);

/** The log of one channel or of one alert, newest first. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function deliveryLog(
  deps: ControlDeps,
  caller: Caller,
  { channelId, alertId, cursor, limit }: { channelId?: string; alertId?: string; cursor?: string; limit: number },
): Promise<{ deliveries: AlertDelivery[]; nextCursor: string | null }> {
  if (channelId === undefined && alertId === undefined) throw new Refusal('NOT_FOUND');
  if (channelId !== undefined) await channelFor(deps, caller, channelId, 'see', 'alert_channel.read');
  if (alertId !== undefined) await alertFor(deps, caller, alertId, 'see', 'alert.read');
  const rows = await deliveriesOf(deps.database, { channelId, alertId, cursor, limit: limit + 1 });
  const page = rows.slice(0, limit);
  return { deliveries: page, nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}
