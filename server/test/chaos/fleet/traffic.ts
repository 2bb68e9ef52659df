/** Clients of a fleet: several keys, whole and streamed answers, on whichever instance, with models that nobody has named before. */
import { setTimeout as waitMs } from 'node:timers/promises';
import type { FakeProvider } from '../../support/fake-provider.ts';
import { markOf } from '../books.ts';
import { askOnce, type Told } from '../load.ts';
import type { Member, Members } from './members.ts';

/** How a key is used; its name is in the mark of each of its requests. */
export interface Line {
  name: string;
  key: string;
  /** Statuses that its requests may be answered with. */
  statuses: readonly number[];
  clients: number;
  pauseMs: number;
  /** New models are asked for, by all instances at nearly the same moment. */
  hasNewModels: boolean;
}

export interface Traffic {
  told: Told[];
  faults: string[];
  stop(): Promise<void>;
}

const maxTokens = 60;

export const markPrefix = (line: string): string => (line === '' ? 'fleet-' : `fleet-${line}-`);

/** When each call of these marks came to the provider. */
export function watchArrivals(provider: FakeProvider, answer: Parameters<FakeProvider['answer']>[0]): { mark: string; atMs: number }[] {
  const arrivals: { mark: string; atMs: number }[] = [];
  provider.answer((turn) => {
    arrivals.push({ mark: markOf(turn.call), atMs: performance.now() });
    return answer(turn);
  });
  return arrivals;
}

export function startTraffic({ all, two }: Pick<Members, 'all' | 'two'>, lines: readonly Line[], drawOf: () => () => number): Traffic {
  const told: Told[] = [];
  const faults: string[] = [];
  const state = { isRunning: true, asked: 0, newModels: 0 };
  const ask = async (line: Line, member: Member, model: string, isStream: boolean): Promise<void> => {
    const { run } = member;
    const mark = `${markPrefix(line.name)}${++state.asked}`;
    const one = await askOnce(member.url, line.key, { mark, isStream, body: { model, max_tokens: maxTokens } }, false);
    told.push(one);
    const fault = wrong(one, line, member, run);
    if (fault !== null) faults.push(`${mark}: ${fault}`);
  };
  const client = async (line: Line, draw: () => number): Promise<void> => {
    while (state.isRunning) {
      const [member] = await two(draw);
      // All at once meet what none of them has met.
      if (line.hasNewModels) {
        const model = `Main/fleet-${state.newModels++}`;
        await Promise.all(all.filter(({ isUp }) => isUp).map((one) => ask(line, one, model, draw() < 0.5)));
      } else await ask(line, member, 'Main/gpt-4o', draw() < 0.5);
      await waitMs(draw() * 2 * line.pauseMs);
    }
  };
  const running = Promise.all(lines.flatMap((line) => Array.from({ length: line.clients }, () => client(line, drawOf()))));
  return {
    told,
    faults,
    async stop() {
      state.isRunning = false;
      await running;
    },
  };
}

/** What is wrong with this answer; a run that was killed meanwhile owes none. */
function wrong(one: Told, { statuses }: Line, member: Member, run: number): string | null {
  if (run !== member.run) return null;
  if (!statuses.includes(one.status)) return `instance ${member.index} answered ${one.status}`;
  return one.status === 200 && !one.isComplete ? `instance ${member.index} broke the answer off` : null;
}

/** The most calls that came within any stretch of so many milliseconds. */
export function mostWithin(atMs: readonly number[], stretchMs: number): number {
  const sorted = atMs.toSorted((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (const [index, at] of sorted.entries()) {
    while (at - sorted[from]! >= stretchMs) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}
