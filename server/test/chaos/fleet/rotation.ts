/** The master key of a fleet is changed by the command line while its instances serve, are changed and die. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../../support/wait.ts';
import { environmentOf, main } from '../instance.ts';
import type { World } from './world.ts';

const runsMax = 20;

interface Ran {
  code: number | null;
  text: string;
}

function run(world: World, args: readonly string[]): Promise<Ran> {
  const { place } = world.members.all[0]!;
  const child = spawn(process.execPath, [main, 'rotate-master-key', '--json', ...args], {
    cwd: place.dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentOf(place),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text })));
}

/** To its end; until somebody finishes it, a start with either key works. A fault where it fails, or a value does not open. */
export async function rotateMeanwhile(world: World): Promise<void> {
  const keyFile = join(world.members.all[0]!.place.dataDir, 'new.key');
  let rotated = await run(world, ['--new-key-file', keyFile]);
  // The server that carries it out may be killed meanwhile; the same command goes on where it stopped.
  for (let runs = 1; rotated.code !== 0 && runs < runsMax; runs++) {
    await until(() => world.members.all[0]!.isUp, 'the first instance serves');
    rotated = await run(world, ['--new-key-file', keyFile]);
  }
  if (rotated.code !== 0) return void world.faults.push(`the rotation of the master key ended with ${rotated.code}: ${rotated.text}`);
  const { state } = JSON.parse(rotated.text) as { state: string };
  if (state !== 'done') world.faults.push(`the rotation of the master key: ${rotated.text}`);
}

/** Opens everything that is sealed, once. */
export async function openAll(world: World): Promise<void> {
  const counted = await run(world, ['--dry-run']);
  const { unreadable } = counted.code === 0 ? (JSON.parse(counted.text) as { unreadable: unknown[] }) : { unreadable: [counted] };
  for (const value of unreadable) world.faults.push(`does not open: ${JSON.stringify(value)}`);
}
