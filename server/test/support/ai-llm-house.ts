/** A house for the tests of the AI LLM face: a provider, people with each role in one workspace, and a second one that most of them cannot see. */
import { expect } from 'vitest';
import { openConnectionsHouse, openVendor, type ConnectionsHouse, type Seen, type Vendor } from './connections-house.ts';
import type { Resident } from './house.ts';

export interface AiLlmHouse {
  house: ConnectionsHouse;
  vendor: Vendor;
  admin: Resident;
  writer: Resident;
  reader: Resident;
  /** Somebody who is a member of no workspace. */
  outsider: Resident;
  workspaceId: string;
  /** A workspace that only the administrator is a member of. */
  otherId: string;
  /** What a creation sends, with a name of its own. */
  body: (more?: Record<string, unknown>) => Record<string, unknown>;
  /** Creates one, as the writer unless told; its id. */
  make: (more?: Record<string, unknown>, person?: Resident) => Promise<string>;
  /** The entry of the list with this id. */
  one: (id: string) => Promise<Record<string, unknown>>;
  close: () => Promise<void>;
}

export const listOf = (answer: Seen): Record<string, unknown>[] => answer.body['aiLlms'] as Record<string, unknown>[];
export const idsOf = (answer: Seen): unknown[] => listOf(answer).map((entry) => entry['id']);

/** Opens it with a provider that accepts this key alone. */
export async function openAiLlmHouse(key: string): Promise<AiLlmHouse> {
  const house = await openConnectionsHouse();
  const vendor = await openVendor([key]);
  const admin = await house.createResident('Admin', 'administrator');
  const writer = await house.createResident('Writer');
  const reader = await house.createResident('Reader');
  const outsider = await house.createResident('Outsider');
  const workspaceId = await house.createWorkspace('Team', [
    [admin, 'ADMIN'],
    [writer, 'WRITE'],
    [reader, 'READ'],
  ]);
  const otherId = await house.createWorkspace('Other', [[admin, 'ADMIN']]);
  let names = 0;
  const body: AiLlmHouse['body'] = (more = {}) => ({
    name: `llm ${++names}`,
    aiType: 'OTHER',
    endpoint: vendor.baseUrl,
    secret: key,
    workspaceId,
    ...more,
  });
  return {
    house,
    vendor,
    admin,
    writer,
    reader,
    outsider,
    workspaceId,
    otherId,
    body,
    async make(more = {}, person = writer) {
      const answer = await house.ask(person, 'POST', '/ai/llm', body(more));
      expect(answer.status).toBe(200);
      return answer.body.aiLlmId;
    },
    async one(id) {
      return listOf(await house.ask(admin, 'GET', '/ai/llm')).find((entry) => entry['id'] === id)!;
    },
    async close() {
      await house.close();
      await vendor.close();
    },
  };
}
