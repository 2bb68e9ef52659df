/** Asks `explain` and then really, in many random configurations, with the same chance for both: they must name the same first choice. */
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { seededDraw } from '../../src/domain/simulate-world.ts';
import { message, openRig } from './rig.ts';
import { wholeBody } from '../support/fake-provider.ts';
import { configure, placesAt } from './routing-configurations.ts';

export interface Agreement {
  configurations: number;
  /** Both refused, by the same code. */
  refused: number;
  /** What differed, with the seed that repeats it. */
  faults: string[];
  /** How often each place in the group was the first choice: it must not always be the first one. */
  choices: Map<string, number>;
}

interface Explained {
  candidates?: { connection_id: string; model: string }[];
  refusal?: { code: string } | null;
  error?: { code: string };
}

/** @param configurations how many, from this seed on */
export async function agreement(configurations: number, firstSeed: number): Promise<Agreement> {
  // The draws of one question: begun anew for each, so that both ways meet the same chance.
  let draw: () => number = () => 0;
  const rig = await openRig({ draw: () => draw() });
  const asked: string[] = [];
  const provider = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push((JSON.parse(Buffer.concat(parts).toString('utf8')) as { model: string }).model);
      response.writeHead(200, { 'content-type': 'application/json' }).end(wholeBody());
    });
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', () => resolve()));
  const result: Agreement = { configurations, refused: 0, faults: [], choices: new Map() };
  try {
    const key = await rig.issueKey();
    const organization = { scope: 'organization' as const, id: rig.deps.keeper.snapshot.organizationId };
    const places = placesAt(`http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`, organization, rig.caller.actor.userId);
    for (let seed = firstSeed; seed < firstSeed + configurations; seed++) {
      const { body, headers } = configure(rig.started, places, seed);
      const sent = JSON.stringify({ model: 'anyone', messages: message(), ...body });
      draw = seededDraw(seed);
      const answer = await fetch(`${rig.url}/v1/route/explain`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key.text}`, 'content-type': 'application/json', ...headers },
        body: sent,
      });
      const explained = (await answer.json()) as Explained;
      draw = seededDraw(seed);
      asked.length = 0;
      const said = await rig.ask(key.text, sent, headers);
      const first = explained.candidates?.[0];
      const foreseen = first ? `${first.connection_id} ${first.model}` : (explained.refusal?.code ?? explained.error?.code);
      const came =
        said.status === 200
          ? `${String(said.headers['x-patchbay-connection'])} ${asked[0]}`
          : (JSON.parse(said.text) as Explained).error?.code;
      if (foreseen !== came) result.faults.push(`seed ${seed}: explain said ${foreseen}, the request came to ${came}`);
      if (said.status !== 200) result.refused++;
      else
        result.choices.set(
          String(said.headers['x-patchbay-connection']),
          (result.choices.get(String(said.headers['x-patchbay-connection'])) ?? 0) + 1,
        );
    }
    return result;
  } finally {
    await rig.close();
    await new Promise((resolve) => provider.close(resolve));
  }
}
