/** `patchbay start`: opens the house, says where it is, and keeps it open until a signal or a fault ends it. */
import { startHouse, type StartedHouse } from '../app/start.ts';
import type { Settings } from '../app/settings.ts';
import type { WorkerPlace } from '../app/worker.ts';
import { systemClock } from '../lib/clock.ts';
import { createIds } from '../lib/ids.ts';
import { createLog, type Log } from '../lib/log.ts';
import { releaseHeap } from '../lib/heap.ts';
import type { Terminal } from './output.ts';
import { createEnding, listenForEnds } from './signals.ts';
import { supervisorWire, takePlace } from './worker-line.ts';

/**
 * Runs until the house is closed. Exit code 0 after a signal, 1 after a fault; start errors are thrown, with everything closed.
 * Ends the process itself, because a thread that hangs must not keep a stopped house alive.
 * @param isWorker one of several that a supervisor has started
 */
export async function start(settings: Settings, terminal: Terminal, isWorker = false): Promise<number> {
  const clock = systemClock;
  const log = createLog(settings.logLevel);
  const worker = isWorker ? await takePlace(supervisorWire, clock) : undefined;
  const starting = startHouse(settings, { clock, ids: createIds(clock), log, ...(worker && { worker }) });
  // A signal that comes during the start waits for it: half-open parts would leave a marker of an unclean stop behind.
  const close = async (options: { isHurried: boolean }): Promise<void> => (await starting).close(options);
  const ending = createEnding(clock, close, (text, error) => (error === undefined ? log.info(text) : log.fatal({ err: error }, text)));
  const stopListening = listenForEnds(ending);
  // Nobody would end it any more, and no new line can come in: what is under way may end.
  if (worker) supervisorWire.onGone(() => ending.signal('SIGTERM'));
  try {
    announce(await starting, settings, terminal, { log, worker });
    process.exit(await ending.done);
  } finally {
    stopListening();
  }
}

/** The set-up link goes out as a plain line: the log would black its token out, and its reader is a person at a terminal. */
function announce(
  { url, setupUrl }: StartedHouse,
  settings: Settings,
  terminal: Terminal,
  { log, worker }: { log: Log; worker: WorkerPlace | undefined },
): void {
  const engine = settings.databaseUrl === null ? 'sqlite' : 'postgres';
  log.info({ url, publicUrl: settings.publicUrl, engine, ...(worker && { worker: worker.number, workers: worker.count }) }, 'serving');
  releaseHeap();
  if (worker) supervisorWire.send({ kind: 'serving' });
  if (worker && worker.number > 1) return;
  terminal.out(`Patchbay serves ${settings.publicUrl ?? url}`);
  if (setupUrl !== null) terminal.out(`Set it up once, with this link: ${setupUrl}`);
}
