/** Empties the outbox: claims what is due, sends all of it side by side, and tries again what was not taken. */
import type { Alert } from '../domain/alert.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { claimDeliveries, finishDelivery, perChannelMax, type AlertDelivery, type DeliveryOutcome } from '../storage/alert-deliveries.ts';
import { alertById } from '../storage/alerts.ts';
import type { Database } from '../storage/database.ts';
import { sendAlert, type AlertSendDeps, type SendResult } from './send-alert.ts';

export interface DeliverDeps extends AlertSendDeps {
  database: Database;
  ids: Ids;
  log: Log;
  /** Address of the Alerts page. */
  pageUrl: () => string;
}

export interface AlertPost {
  /** Sends what is due now; resolves when all of that has an outcome. */
  flush(): Promise<void>;
  /** There is something new in the outbox. */
  kick(): void;
  close(): Promise<void>;
}

const periodMs = 2_000;
/** How long a claim lasts: longer than any send. Whoever died with it leaves the delivery to the others then. */
const claimMs = 60_000;
/** Sends under way on this instance. */
export const inFlightMax = 64;
/** Attempts in all: about nine hours. */
export const attemptsMax = 9;
const firstDelayMs = 5_000;
const delayGrowth = 4;
const delayMaxMs = 4 * 3_600_000;
/** How far instances' clocks may differ: nothing waits for longer than it is put off at most, and this. */
const clocksDifferMs = 2 * 60_000;
const closeWaitMs = 500;

/** How long to wait after the attempt with this number, with jitter so that many do not come back at once. */
export function delayAfter(attemptNo: number, draw: number, retryAfterMs: number | null): number {
  const full = Math.min(delayMaxMs, firstDelayMs * delayGrowth ** (attemptNo - 1));
  return Math.round(Math.max(full * (0.5 + draw / 2), retryAfterMs ?? 0));
}

/** What a result means for the row. Pure. */
export function outcomeOf(
  { attemptNo }: Pick<AlertDelivery, 'attemptNo'>,
  result: SendResult,
  nowMs: number,
  draw: number,
): DeliveryOutcome {
  const { isSent, code, answer, isFinal, retryAfterMs } = result;
  const said = { errorCode: code, answer: answer === '' ? null : answer };
  if (isSent) return { state: 'sent', nextAtMs: nowMs, finishedAtMs: nowMs, ...said };
  if (isFinal || attemptNo >= attemptsMax) return { state: 'given_up', nextAtMs: nowMs, finishedAtMs: nowMs, ...said };
  return { state: 'waiting', nextAtMs: nowMs + delayAfter(attemptNo, draw, retryAfterMs), finishedAtMs: null, ...said };
}

export function keepAlertPost(deps: DeliverDeps): AlertPost {
  const { database, clock, log } = deps;
  const underWay = new Map<string, Promise<void>>();
  const busy = new Map<string, number>();
  let claiming: Promise<AlertDelivery[]> | null = null;
  let isClosed = false;
  let wasAway = false;

  async function claim(): Promise<AlertDelivery[]> {
    const nowMs = clock.nowMs();
    const busyChannels = [...busy].filter(([, count]) => count >= perChannelMax).map(([id]) => id);
    const limit = inFlightMax - underWay.size;
    if (limit <= 0) return [];
    const latestMs = { untried: nowMs + clocksDifferMs, tried: nowMs + delayMaxMs + clocksDifferMs };
    return claimDeliveries(database, { nowMs, untilMs: nowMs + claimMs, limit, busyChannels, latestMs });
  }

  async function deliver(delivery: AlertDelivery): Promise<void> {
    const alert = await alertById(database, delivery.alertId);
    const result = alert ? await sendOne(deps, delivery, alert) : unknownAlert;
    const outcome = outcomeOf(delivery, result, clock.nowMs(), deps.ids.draw());
    const { channelId, attemptNo, event } = delivery;
    if (!result.isSent) log.warn({ channelId, attemptNo, event, code: result.code, state: outcome.state }, 'an alert was not delivered');
    await database.driver.write([finishDelivery(database, delivery, outcome)]);
  }

  function start(delivery: AlertDelivery): void {
    busy.set(delivery.channelId, (busy.get(delivery.channelId) ?? 0) + 1);
    const work = deliver(delivery)
      .catch((error: unknown) => log.warn({ err: error }, 'what became of an alert could not be written; it is sent again'))
      .finally(() => {
        underWay.delete(delivery.id);
        const left = (busy.get(delivery.channelId) ?? 1) - 1;
        if (left > 0) busy.set(delivery.channelId, left);
        else busy.delete(delivery.channelId);
      });
    underWay.set(delivery.id, work);
  }

  async function round(): Promise<number> {
    if (isClosed) return 0;
    claiming ??= claim().finally(() => (claiming = null));
    try {
      const claimed = await claiming;
      // Two callers may have waited for one claim.
      const mine = claimed.filter(({ id }) => !underWay.has(id));
      mine.forEach(start);
      wasAway = false;
      return mine.length;
    } catch (error) {
      if (!wasAway) log.warn({ err: error }, 'the outbox of alerts could not be read; tried again');
      wasAway = true;
      return 0;
    }
  }

  const timer = clock.every(periodMs, () => void round());
  return {
    async flush() {
      for (let rounds = 0; rounds < inFlightMax && (await round()) > 0; rounds++) await Promise.all(underWay.values());
      await Promise.all(underWay.values());
    },
    kick: () => void round(),
    async close() {
      isClosed = true;
      timer.cancel();
      await Promise.race([Promise.all(underWay.values()), new Promise<void>((resolve) => clock.after(closeWaitMs, resolve).hold?.())]);
    },
  };
}

const unknownAlert: SendResult = { isSent: false, code: 'alert_gone', answer: '', isFinal: true, retryAfterMs: null };
const channelGone: SendResult = { isSent: false, code: 'channel_gone', answer: '', isFinal: true, retryAfterMs: null };

async function sendOne(deps: DeliverDeps, { id, channelId, recipient, event }: AlertDelivery, alert: Alert): Promise<SendResult> {
  const { snapshot } = deps.keeper;
  const channel = snapshot.alerting.channels.get(channelId);
  if (!channel?.isActive || snapshot.isAway(channel.owner)) return channelGone;
  const message = { event, alert, atMs: deps.clock.nowMs(), url: deps.pageUrl() };
  return sendAlert(deps, channel, { id, recipient, message });
}
