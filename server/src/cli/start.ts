/** `patchbay start`: opens the house, says where it is, and keeps it open until a signal or a fault ends it. */
import { startHouse, type StartedHouse } from '../app/start.ts';
import type { Settings } from '../app/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { createIds } from '../lib/ids.ts';
import { createLog, type Log } from '../lib/log.ts';
import { releaseHeap } from '../lib/heap.ts';
import type { Terminal } from './output.ts';
import { createEnding, type Ending, type Signal } from './signals.ts';

const signals: readonly Signal[] = ['SIGTERM', 'SIGINT'];

/**
 * Runs until the house is closed. Exit code 0 after a signal, 1 after a fault; start errors are thrown, with everything closed.
 * Ends the process itself, because a thread that hangs must not keep a stopped house alive.
 */
export async function start(settings: Settings, terminal: Terminal): Promise<number> {
  const clock = systemClock;
  const log = createLog(settings.logLevel);
  warnOfUnused(settings, log);
  const starting = startHouse(settings, { clock, ids: createIds(clock), log });
  // A signal that comes during the start waits for it: half-open parts would leave a marker of an unclean stop behind.
  const close = async (options: { isHurried: boolean }): Promise<void> => (await starting).close(options);
  const ending = createEnding(clock, close, (text, error) => (error === undefined ? log.info(text) : log.fatal({ err: error }, text)));
  const stopListening = listen(ending);
  try {
    announce(await starting, settings, terminal, log);
    process.exit(await ending.done);
  } finally {
    stopListening();
  }
}

function listen(ending: Ending): () => void {
  const onSignal = (name: NodeJS.Signals): void => ending.signal(name as Signal);
  const onFault = (error: unknown): void => ending.fault(error);
  for (const name of signals) process.on(name, onSignal);
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
  return () => {
    for (const name of signals) process.off(name, onSignal);
    process.off('uncaughtException', onFault);
    process.off('unhandledRejection', onFault);
  };
}

/** The set-up link goes out as a plain line: the log would black its token out, and its reader is a person at a terminal. */
function announce({ url, setupUrl }: StartedHouse, settings: Settings, terminal: Terminal, log: Log): void {
  log.info({ url, publicUrl: settings.publicUrl, engine: settings.databaseUrl === null ? 'sqlite' : 'postgres' }, 'serving');
  releaseHeap();
  terminal.out(`Patchbay serves ${settings.publicUrl ?? url}`);
  if (setupUrl !== null) terminal.out(`Set it up once, with this link: ${setupUrl}`);
}

function warnOfUnused(settings: Settings, log: Log): void {
  if (settings.workers > 1) log.warn('PATCHBAY_WORKERS is above 1, but this version runs one process; start more instances instead');
  if (settings.redisUrl !== null) log.warn('PATCHBAY_REDIS_URL is set and not used: instances share their limits through PostgreSQL');
}
