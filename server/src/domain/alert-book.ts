/** Rules, channels and the mail server in memory: what alerts need is known while the database is away. */
import type { AlertChannel, AlertRule, MailServer } from './alert.ts';
import { ownerKey, type Owner } from './owner.ts';

/** What a load brings: rows above a revision; what was deleted comes as `null`. */
export interface AlertDelta {
  rules: readonly { id: string; owner: Owner; rule: AlertRule | null }[];
  channels: readonly { id: string; owner: Owner; channel: AlertChannel | null; sealed: string | null }[];
  mail: { server: MailServer | null; sealed: string | null } | null;
}

export class AlertBook {
  readonly rules = new Map<string, AlertRule>();
  readonly channels = new Map<string, AlertChannel>();
  /** Sealed bytes lie apart from what is listed and rendered. */
  readonly sealed = new Map<string, string>();
  mail: MailServer | null = null;
  sealedPassword: string | null = null;

  put({ rules, channels, mail }: AlertDelta): void {
    for (const { id, rule } of rules) {
      if (rule) this.rules.set(id, rule);
      else this.rules.delete(id);
    }
    for (const { id, channel, sealed } of channels) {
      if (channel) this.channels.set(id, channel);
      else this.channels.delete(id);
      if (channel && sealed !== null) this.sealed.set(id, sealed);
      else this.sealed.delete(id);
    }
    if (!mail) return;
    this.mail = mail.server;
    this.sealedPassword = mail.server ? mail.sealed : null;
  }

  /** The channels that a rule tells: its own choice, or every active one of its owner. */
  channelsOf({ owner, channelIds }: Pick<AlertRule, 'owner' | 'channelIds'>): AlertChannel[] {
    const key = ownerKey(owner);
    return [...this.channels.values()].filter(
      (channel) => channel.isActive && ownerKey(channel.owner) === key && (channelIds === null || channelIds.includes(channel.id)),
    );
  }
}
