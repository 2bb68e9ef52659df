/** Runs a simulation of routing beside everything else that the server does: in turns of a millisecond or so, and one at a time for each person. */
import { Refusal } from '../domain/errors.ts';
import { simulateInTurns, type SimulationPlan } from '../domain/simulate.ts';
import type { SimulationReport } from '../domain/simulate-report.ts';
import { seededDraw } from '../domain/simulate-world.ts';
import { pause, type Clock } from '../lib/clock.ts';

/** Who runs one already waits: each takes a fraction of a second of the server's time. */
const running = new Set<string>();

/** The same seed repeats the same. @throws Refusal RATE_LIMITED while another one of the same person runs */
export async function runSimulation(
  { clock }: { clock: Clock },
  userId: string,
  plan: SimulationPlan,
  seed: number,
): Promise<SimulationReport> {
  if (running.has(userId)) throw new Refusal('RATE_LIMITED', { values: { seconds: 1 } });
  running.add(userId);
  try {
    const turns = simulateInTurns(plan, seededDraw(seed));
    for (;;) {
      const turn = turns.next();
      if (turn.done) return turn.value;
      await pause(clock, 0);
    }
  } finally {
    running.delete(userId);
  }
}
