/** An installation in a folder of its own, and commands that run on it in this process: as the program runs them, without the second that a process takes. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, type Settings } from '../../src/app/settings.ts';
import { startHouse, type StartedHouse } from '../../src/app/start.ts';
import { runCommand, type Terminal } from '../../src/cli/output.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { freshDir } from '../support/throwaway.ts';

export interface Told {
  code: number;
  out: string[];
  err: string[];
}

export interface Installation {
  dir: string;
  dataDir: string;
  /** Settings as an environment would give them, over those of the installation. */
  settings(more?: Record<string, string>): Settings;
  /** Runs a command to its exit code, with everything that it printed. */
  told(command: (terminal: Terminal) => Promise<number>): Promise<Told>;
  /** Starts its server; closed with the installation. */
  serve(): Promise<StartedHouse>;
  close(): Promise<void>;
}

export async function* inputOf(text: string): AsyncGenerator<string> {
  yield text;
}

export async function told(command: (terminal: Terminal) => Promise<number>): Promise<Told> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal: Terminal = { out: (line) => void out.push(line), err: (line) => void err.push(line) };
  return { code: await runCommand(terminal, () => command(terminal)), out, err };
}

/** `isSetUp` starts it once, which makes its database, its key and its administrator. */
export async function install({ isSetUp = true }: { isSetUp?: boolean } = {}): Promise<Installation> {
  const dir = freshDir('installation');
  const dataDir = join(dir, 'data');
  const started = new Set<StartedHouse>();
  const settings: Installation['settings'] = (more = {}) =>
    readSettings(
      {
        PATCHBAY_PORT: '0',
        PATCHBAY_DATA_DIR: dataDir,
        PATCHBAY_ADMIN_EMAIL: 'ann@example.com',
        PATCHBAY_ADMIN_PASSWORD: 'correct horse',
        PATCHBAY_LOG_LEVEL: 'silent',
        ...more,
      },
      null,
    );
  const serve = async (): Promise<StartedHouse> => {
    const house = await startHouse(settings(), { clock: systemClock, ids: createIds(systemClock), log: createLog('silent') });
    started.add(house);
    return house;
  };
  const end = async (): Promise<void> => {
    for (const house of started) await house.close({ isHurried: true });
    started.clear();
  };
  if (isSetUp) {
    await serve();
    await end();
  }
  return {
    dir,
    dataDir,
    settings,
    told,
    serve,
    async close() {
      await end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
