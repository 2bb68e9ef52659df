/** What a provider of OpenAI's family takes of a message: roles that it knows, members that it refuses, ids in its own form. */
import type { Change } from '../../domain/ledger.ts';
import type { ProviderRow } from '../row.ts';
import { isRecord, list, text, type Json } from '../shape.ts';

/** Ids of nine letters and digits, which is all that some providers take; numbered as they appear, so that both ends of a pair are alike. */
const ninePlaces = /^[a-zA-Z0-9]{9}$/;

interface Adapting {
  row: ProviderRow;
  /** Short ids by the given ones. */
  ids: Map<string, string>;
  lost: Set<string>;
  hasRole: boolean;
  hasId: boolean;
}

function shortId(adapting: Adapting, id: unknown): unknown {
  const given = text(id);
  if (given === undefined || ninePlaces.test(given)) return id;
  adapting.hasId = true;
  let short = adapting.ids.get(given);
  if (short === undefined) adapting.ids.set(given, (short = `call${String(adapting.ids.size).padStart(5, '0')}`));
  return short;
}

/** Nothing is lost with a null or an empty list. */
const isEmpty = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

/** The same message where nothing changes. */
function adapted(message: Json, adapting: Adapting): Json {
  const { row } = adapting;
  let changed: Json | null = null;
  const write = (name: string, value: unknown): void => {
    changed ??= { ...message };
    if (value === undefined) delete changed[name];
    else changed[name] = value;
  };
  for (const name of ['patchbay', ...row.dropInMessages]) {
    if (message[name] === undefined) continue;
    write(name, undefined);
    // Clients send back what they were answered, with its empty places.
    if (!isEmpty(message[name])) adapting.lost.add(name);
  }
  if (message['role'] === 'developer' && row.developerRole === 'system') {
    write('role', 'system');
    adapting.hasRole = true;
  }
  if (row.callIds !== 'nine') return changed ?? message;
  if (message['tool_call_id'] !== undefined) write('tool_call_id', shortId(adapting, message['tool_call_id']));
  if (Array.isArray(message['tool_calls']))
    write(
      'tool_calls',
      list(message['tool_calls']).map((call) => (isRecord(call) ? { ...call, id: shortId(adapting, call['id']) } : call)),
    );
  return changed ?? message;
}

/** Messages as their provider takes them, and each change reported once. The same list where nothing changes. */
export function adaptMessages(row: ProviderRow, messages: unknown, changed: Change[]): unknown {
  if (!Array.isArray(messages)) return messages;
  const adapting: Adapting = { row, ids: new Map(), lost: new Set(), hasRole: false, hasId: false };
  const told = (messages as unknown[]).map((message) => (isRecord(message) ? adapted(message, adapting) : message));
  for (const name of adapting.lost) changed.push({ parameter: `messages.${name}`, what: 'dropped' });
  if (adapting.hasRole) changed.push({ parameter: 'messages.role', what: 'renamed', to: 'system' });
  if (adapting.hasId) changed.push({ parameter: 'messages.tool_call_id', what: 'renamed', to: 'nine characters' });
  const isChanged = adapting.lost.size > 0 || adapting.hasRole || adapting.hasId || told.some((message, at) => message !== messages[at]);
  return isChanged ? told : messages;
}
