/** One connection that hears of configuration changes, proves every few seconds that the database answers, and comes back. */
import { Client, type ClientConfig } from 'pg';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';

export const channel = 'patchbay_config';

const pingPeriodMs = 3_000;
const reconnectDelayMs = 100;
const reconnectDelayMsMax = 2_000;

export interface Listener {
  close(): Promise<void>;
}

export interface ListenerEvents {
  /** A change was announced, or may have been while nobody listened. */
  onChange(): void;
  onHealth(isHealthy: boolean): void;
}

export function listen(deps: { clock: Clock; log: Log }, config: ClientConfig, events: ListenerEvents): Listener {
  let client: Client | null = null;
  let timer: Timer | null = null;
  let failures = 0;
  let isClosing = false;

  const lost = (ending: Client, error: unknown): void => {
    if (client !== ending) return;
    client = null;
    // The answer to an end may never come from a server that is stopped, so it is not waited for.
    ending.end().catch(() => undefined);
    if (isClosing) return;
    if (failures === 0) deps.log.warn({ err: error }, 'PostgreSQL does not answer; trying again');
    events.onHealth(false);
    timer = deps.clock.after(Math.min(reconnectDelayMs * 2 ** failures, reconnectDelayMsMax), connect);
    failures++;
  };
  const ping = (current: Client): void => {
    timer = deps.clock.after(pingPeriodMs, () => {
      current.query('SELECT 1').then(
        () => {
          if (client !== current) return;
          events.onHealth(true);
          ping(current);
        },
        (error: unknown) => lost(current, error),
      );
    });
  };
  const connect = (): void => {
    const next = new Client(config);
    client = next;
    next.on('error', (error) => lost(next, error));
    next.on('end', () => lost(next, new Error('the connection was ended')));
    next.on('notification', (message) => {
      if (message.channel === channel) events.onChange();
    });
    (async () => {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
      if (client !== next) return;
      if (failures > 0) deps.log.info('PostgreSQL answers again');
      failures = 0;
      events.onHealth(true);
      events.onChange();
      ping(next);
    })().catch((error: unknown) => lost(next, error));
  };
  connect();
  return {
    async close() {
      isClosing = true;
      timer?.cancel();
      const ending = client;
      client = null;
      ending?.end().catch(() => undefined);
    },
  };
}
