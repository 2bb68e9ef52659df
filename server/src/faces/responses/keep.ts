/** Conversations that go on by id: what was kept, found again for its owner, and told to a provider that knows nothing of it. */
import { refuse } from '../../gateway/errors.ts';
import { pause, type Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { isRecord, list, parseExactly, text, type Json } from '../../providers/shape.ts';
import type { Database } from '../../storage/database.ts';
import { findResponse, insertResponse, type ResponseOwner, type StoredResponse } from '../../storage/responses.ts';
import type { DataCaller } from '../openai/caller.ts';

export interface KeepDeps {
  database: Database;
  clock: Clock;
  log: Log;
}

/** How long a response can be gone on from. */
export const keptMs = 30 * 24 * 3_600_000;
/** Turns of one conversation that are told again. */
const turnsMax = 200;
/** Characters of one row, and of a whole conversation. */
const rowCharsMax = 8 * 1024 * 1024;
const conversationCharsMax = 24 * 1024 * 1024;
/** An answer waits this long for its row; the caller is not made to suffer for a database that is away. */
const writeMs = 2_000;
export const idCharsMax = 255;

export const ownerOf = (caller: DataCaller): ResponseOwner =>
  caller.workspaceId === null ? { scope: 'user', id: caller.userId } : { scope: 'workspace', id: caller.workspaceId };

export const responseNotFound = (id: string, param: string): Error =>
  refuse('response_not_found', { param, message: `There is no response "${id.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')}".` });

/** Throws GatewayRefusal 404 for an id that the caller has nothing under. */
export async function mustFind(deps: KeepDeps, caller: DataCaller, id: string, param: string): Promise<StoredResponse> {
  const isPossible = id.length <= idCharsMax && !id.includes('\0');
  const found = isPossible ? await findResponse(deps.database, ownerOf(caller), id, deps.clock.nowMs(), parseExactly) : null;
  if (!found) throw responseNotFound(id, param);
  return found;
}

/**
 * An output item as an input item of a later turn. Its id means something to the provider that gave it and to nobody else; a
 * thought without its encrypted content is of no use to anybody.
 */
function asInput(item: unknown): unknown[] {
  if (!isRecord(item)) return [];
  const { id: _id, status: _status, ...rest } = item;
  if (item['type'] !== 'reasoning') return [rest];
  return text(item['encrypted_content']) ? [rest] : [];
}

/** All items of a conversation up to and with one response, oldest first. Throws GatewayRefusal. */
export async function conversationOf(deps: KeepDeps, caller: DataCaller, id: string): Promise<unknown[]> {
  const turns: unknown[][] = [];
  let chars = 0;
  let next: string | null = id;
  for (let turn = 0; next !== null; turn++) {
    const found: StoredResponse = await mustFind(deps, caller, next, 'previous_response_id');
    const items = [...found.input, ...list(found.response['output']).flatMap(asInput)];
    chars += JSON.stringify(items).length;
    if (turn >= turnsMax || chars > conversationCharsMax)
      throw refuse('body_too_large', { param: 'previous_response_id', message: 'The conversation is too long to go on from.' });
    turns.push(items);
    next = found.previousId;
  }
  return turns.toReversed().flat();
}

/** Ids that this face gave to items: the response is found by what stands in the middle. */
const ownItemId = /^(?:rs|msg|fc)_([0-9a-f]{32})_\d{1,6}$/;

/** Items of kept responses in the place of references to them. A provider's own ids stay: it may know them. Throws GatewayRefusal 404. */
export async function resolved(deps: KeepDeps, caller: DataCaller, input: readonly unknown[]): Promise<unknown[]> {
  const outputs = new Map<string, readonly unknown[]>();
  const items: unknown[] = [];
  for (const item of input) {
    const id = isRecord(item) && item['type'] === 'item_reference' ? (text(item['id']) ?? '') : '';
    const response = ownItemId.exec(id)?.[1];
    if (response === undefined) {
      items.push(item);
      continue;
    }
    if (!outputs.has(response)) {
      if (outputs.size >= turnsMax) throw refuse('body_too_large', { param: 'input', message: 'The input refers to too many responses.' });
      outputs.set(response, list((await mustFind(deps, caller, `resp_${response}`, 'input')).response['output']));
    }
    const found = outputs.get(response)?.find((one) => isRecord(one) && one['id'] === id);
    if (found === undefined) throw responseNotFound(id, 'input');
    items.push(...asInput(found));
  }
  return items;
}

/** `input` as a list of items. */
export const itemsOfInput = (input: unknown): unknown[] =>
  typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : [...list(input)];

/** Keeps a response before its caller has heard of it, so that it can be gone on from at once. Never rejects. */
export async function keep(
  deps: KeepDeps,
  owner: ResponseOwner,
  kept: { input: unknown[]; previousId: string | null; response: Json },
): Promise<void> {
  const id = text(kept.response['id']) ?? '';
  if (id === '' || id.length > idCharsMax || id.includes('\0')) return;
  const nowMs = deps.clock.nowMs();
  const row: StoredResponse = { id, previousId: kept.previousId, input: kept.input, response: kept.response, createdAtMs: nowMs };
  if (JSON.stringify(row).length > rowCharsMax) return;
  const written = insertResponse(deps.database, owner, row, nowMs + keptMs).catch((error: unknown) =>
    deps.log.warn({ err: error, responseId: id }, 'a response could not be kept'),
  );
  await Promise.race([written, pause(deps.clock, writeMs)]);
}
