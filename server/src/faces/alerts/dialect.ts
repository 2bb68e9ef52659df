/** The words of alerts: ISO times for milliseconds, dollars for nano-dollars, names beside ids, and sentences in the caller's language. */
import type { AlertChannelView, AlertDeliveryView, AlertRuleView, AlertView, MailServerView } from '@patchbay/contract/alerts';
import type { ControlDeps } from '../../control/deps.ts';
import { mayChangeAlerts } from '../../control/alert-access.ts';
import { shownValue } from '../../control/alert-rules.ts';
import type { Alert, AlertChannel, AlertRule, MailServer } from '../../domain/alert.ts';
import { explanationOf, headlineOf } from '../../domain/alert-text.ts';
import type { Actor, Language, Owner } from '../../domain/owner.ts';
import { isoOf as iso, isoOrNull } from '../../lib/iso-time.ts';
import type { AlertDelivery } from '../../storage/alert-deliveries.ts';

type Deps = Pick<ControlDeps, 'keeper'>;
/** Names of workspaces by id. */
export type WorkspaceNames = ReadonlyMap<string, string>;

const placeOf = ({ scope, id }: Owner, names: WorkspaceNames): Pick<AlertRuleView, 'scope' | 'workspace'> => ({
  scope,
  workspace: scope === 'workspace' ? { id, name: names.get(id) ?? '' } : null,
});

export function fromRule({ keeper }: Deps, actor: Actor, rule: AlertRule, names: WorkspaceNames): AlertRuleView {
  const connection = rule.connectionId === null ? undefined : keeper.snapshot.connections.get(rule.connectionId);
  return {
    id: rule.id,
    ...placeOf(rule.owner, names),
    name: rule.name,
    kind: rule.kind,
    value: shownValue(rule.kind, rule.threshold.value),
    windowS: rule.threshold.windowS ?? null,
    period: rule.threshold.period ?? null,
    connection: rule.connectionId === null ? null : { id: rule.connectionId, name: connection?.name ?? '' },
    severity: rule.severity,
    channelIds: rule.channelIds === null ? null : [...rule.channelIds],
    repeatS: rule.repeatS,
    cooldownS: rule.cooldownS,
    isAutoResolved: rule.isAutoResolved,
    mutedUntil: isoOrNull(rule.mutedUntilMs),
    isActive: rule.isActive,
    canChange: mayChangeAlerts(actor, rule.owner),
    createdAt: iso(rule.createdAtMs),
    updatedAt: iso(rule.updatedAtMs),
    revision: rule.revision,
  };
}

/** Addresses, or the origin alone: the rest of an address may be a secret. */
function destinationOf({ kind, settings, origin }: AlertChannel): string {
  if (kind === 'email') return (settings.recipients ?? []).join(', ');
  if (kind === 'telegram') return `Telegram ${settings.chatId ?? ''}`;
  return kind === 'whatsapp' ? `${settings.to ?? ''} · ${origin}/***` : `${origin}/***`;
}

export function fromChannel(actor: Actor, channel: AlertChannel, names: WorkspaceNames, last?: AlertDelivery): AlertChannelView {
  const { settings } = channel;
  return {
    id: channel.id,
    ...placeOf(channel.owner, names),
    name: channel.name,
    kind: channel.kind,
    destination: destinationOf(channel),
    recipients: [...(settings.recipients ?? [])],
    chatId: settings.chatId ?? null,
    to: settings.to ?? null,
    toField: settings.toField ?? null,
    textField: settings.textField ?? null,
    tokenHeader: settings.tokenHeader ?? null,
    language: channel.language,
    timeZone: channel.timeZone,
    isActive: channel.isActive,
    canChange: mayChangeAlerts(actor, channel.owner),
    lastDelivery: last ? { at: iso(last.finishedAtMs ?? last.createdAtMs), state: last.state, errorCode: last.errorCode } : null,
    createdAt: iso(channel.createdAtMs),
    updatedAt: iso(channel.updatedAtMs),
    revision: channel.revision,
  };
}

export const fromMail = ({ host, port, security, username, hasPassword, sender, updatedAtMs, revision }: MailServer): MailServerView => ({
  host,
  port,
  security,
  username,
  hasPassword,
  sender,
  updatedAt: iso(updatedAtMs),
  revision,
});

const personOf = ({ keeper }: Deps, id: string | null): { id: string; name: string } | null =>
  id === null ? null : { id, name: keeper.snapshot.people.get(id)?.name ?? '' };

export function fromAlert(deps: Deps, actor: Actor, language: Language, alert: Alert, names: WorkspaceNames): AlertView {
  const rule = deps.keeper.snapshot.alerting.rules.get(alert.ruleId);
  return {
    id: alert.id,
    at: iso(alert.atMs),
    kind: alert.kind,
    severity: alert.severity,
    headline: headlineOf(alert, language),
    explanation: explanationOf(alert, language),
    ruleId: alert.ruleId,
    ruleName: alert.ruleName,
    ...placeOf(alert.owner, names),
    connectionId: alert.connectionId,
    acknowledgedAt: isoOrNull(alert.acknowledgedAtMs),
    acknowledgedBy: personOf(deps, alert.acknowledgedBy),
    note: alert.note,
    resolvedAt: isoOrNull(alert.resolvedAtMs),
    resolvedBy: personOf(deps, alert.resolvedBy),
    mutedUntil: isoOrNull(rule?.mutedUntilMs ?? null),
    canChange: mayChangeAlerts(actor, alert.owner),
  };
}

export const fromDelivery = (one: AlertDelivery): AlertDeliveryView => ({
  id: one.id,
  alertId: one.alertId,
  channelId: one.channelId,
  channelName: one.channelName,
  recipient: one.recipient,
  event: one.event,
  attempts: one.attemptNo,
  state: one.state,
  errorCode: one.errorCode,
  answer: one.answer,
  createdAt: iso(one.createdAtMs),
  nextAt: one.state === 'waiting' ? iso(one.nextAtMs) : null,
  finishedAt: isoOrNull(one.finishedAtMs),
});
