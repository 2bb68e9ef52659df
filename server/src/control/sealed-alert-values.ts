/** What alerting keeps sealed: secrets of channels, and the password of the mail server. */
import { placeOfChannel, placeOfMailPassword } from '../domain/sealing.ts';
import { resealChannelStep, resealMailStep, sealedChannelsAfter, sealedMail } from '../storage/sealed-alerts.ts';
import { nextOf, type SealedTable, type SealedValue } from './sealed-table.ts';

const channels: SealedTable = {
  table: 'alert_channels',
  async page(database, afterId, limit) {
    const rows = await sealedChannelsAfter(database, afterId, limit);
    const values = rows.map(({ channel, box }): SealedValue => ({
      place: placeOfChannel(channel),
      box,
      replaceBy: (after) => resealChannelStep(database, channel.id, box, after),
    }));
    return { values, next: nextOf(rows, limit, ({ channel }) => channel.id) };
  },
};

const mail: SealedTable = {
  table: 'mail_servers',
  async page(database) {
    const found = await sealedMail(database);
    if (found === null) return { values: [], next: null };
    const { organizationId, box } = found;
    return {
      values: [{ place: placeOfMailPassword(organizationId, found), box, replaceBy: (after) => resealMailStep(database, box, after) }],
      next: null,
    };
  },
};

export const alertTables: readonly SealedTable[] = [channels, mail];
