/** A house for the tests of the status: a provider that can die, people of every kind, and a connection of each owner. */
import { expect } from 'vitest';
import { openConnectionsHouse, type ConnectionsHouse } from './connections-house.ts';
import type { Resident } from './house.ts';
import { startMortalProvider, type MortalProvider } from './mortal-provider.ts';
import { movingClock, type MovingClock } from './moving-clock.ts';

export const statusSecret = 'sk-status-0123456789abcdef';

export interface StatusHouse {
  house: ConnectionsHouse;
  clock: MovingClock;
  provider: MortalProvider;
  admin: Resident;
  /** ADMIN of the workspace. */
  ana: Resident;
  /** Reads in the workspace. */
  reader: Resident;
  /** No member of anything. */
  eve: Resident;
  lab: string;
  /** Connections of Ana's own, of the workspace, and of the organization. */
  mine: string;
  labs: string;
  everybodys: string;
  connect(person: Resident, name: string, more?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

export async function openStatusHouse(): Promise<StatusHouse> {
  const clock = movingClock();
  const house = await openConnectionsHouse({ clock });
  const provider = await startMortalProvider();
  const admin = await house.createResident('Admin', 'administrator');
  const ana = await house.createResident('Ana');
  const reader = await house.createResident('Rina');
  const eve = await house.createResident('Eve');
  const lab = await house.createWorkspace('Lab', [
    [ana, 'ADMIN'],
    [reader, 'READ'],
  ]);
  const connect: StatusHouse['connect'] = async (person, name, more = {}) => {
    const body = { name, provider: 'custom', baseUrl: provider.baseUrl, model: 'small-model', apiKey: statusSecret, ...more };
    const answer = await house.ask(person, 'POST', '/api/configurations', body);
    expect(answer.status).toBe(201);
    return answer.body.data.id;
  };
  const mine = await connect(ana, 'Ana own');
  const made = await house.ask(ana, 'POST', '/ai/llm', {
    name: 'Lab model',
    aiType: 'OTHER',
    endpoint: provider.baseUrl,
    defaultModel: 'small-model',
    secret: statusSecret,
    workspaceId: lab,
  });
  const model = await house.ask(admin, 'POST', '/api/admin/models', {
    name: 'Everybody',
    provider: 'custom',
    modelVariant: 'small-model',
    apiUrl: provider.baseUrl,
    apiKey: statusSecret,
  });
  // Old enough that a strip of a day has a past.
  clock.move(2 * 86_400_000);
  return {
    house,
    clock,
    provider,
    admin,
    ana,
    reader,
    eve,
    lab,
    mine,
    labs: made.body.aiLlmId,
    everybodys: model.body.data.id,
    connect,
    async close() {
      await house.close();
      await provider.close();
    },
  };
}
