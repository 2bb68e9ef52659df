/** A house with a manager of use cases and two models that they can be for, and what its tests say again and again. */
import type { UseCaseView } from '@patchbay/contract/use-cases';
import { afterAll, beforeAll } from 'vitest';
import { openChatsHouse, type ChatsHouse } from './chats-house.ts';
import type { Reply, Resident } from './house.ts';

export let chats: ChatsHouse;
export let mia: Resident;
export let modelId: string;
export let spareId: string;
let number = 0;
export const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';

/** Opens the house before the tests of a file and closes it after them. */
export function openUseCases(): void {
  beforeAll(async () => {
    chats = await openChatsHouse();
    mia = await chats.house.createResident('Mia', 'manager');
    const make = async (name: string): Promise<string> => {
      const body = { name, modelVariant: 'gpt-4o-mini', apiUrl: chats.provider.baseUrl, apiKey: 'sk-of-the-tests-1234' };
      return (await chats.house.request('POST', '/api/admin/models', { token: chats.ada.token, body })).at('data.id');
    };
    modelId = await make('Budget AI');
    spareId = await make('Spare AI');
  });
  afterAll(() => chats?.close());
}

export const send = (
  method: string,
  path: string,
  body?: unknown,
  person: Resident | null = mia,
  headers: Record<string, string> = {},
): Promise<Reply> => chats.house.request(method, path, { ...(person && { token: person.token }), body, headers });

export const full = (part: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: `Case ${++number}`,
  connectionId: modelId,
  systemPrompt: 'Answer briefly.',
  allRoles: true,
  ...part,
});

export const made = async (part: Record<string, unknown> = {}): Promise<UseCaseView> =>
  (await send('POST', '/api/use-cases', full(part))).body['data'] as unknown as UseCaseView;

export const faultsOf = (reply: Reply): [string, string][] =>
  ([...reply.body['details']!] as unknown as { path: string; code: string }[]).map(({ path, code }) => [path, code]);
