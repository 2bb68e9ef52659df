/** The house's messages as Ollama's: one text each, pictures beside it, calls with their arguments as objects. */
import type { Change } from '../../domain/ledger.ts';
import { imageUrlOf, inlineDataOf, resultIdOf, saidCalls } from '../content.ts';
import { isRecord, list, member, text, type Json } from '../shape.ts';
import { reportDetail, reporterInto, reportUnreadMessage } from '../unread-fields.ts';

type Report = (change: Change) => void;

interface Said {
  content: string;
  images: string[];
}

/** Parts as one text; pictures by their bytes alone, for this server fetches nothing. */
function saidBy(content: unknown, report: Report): Said {
  if (typeof content === 'string') return { content, images: [] };
  const texts: string[] = [];
  const images: string[] = [];
  for (const part of list(content)) {
    if (typeof part === 'string') texts.push(part);
    if (!isRecord(part)) continue;
    if (part['cache_control'] !== undefined) report({ parameter: 'messages.cache_control', what: 'dropped' });
    const type = part['type'];
    if (type === 'text' || type === 'refusal') texts.push(text(part[type]) ?? '');
    else if (type === 'image_url') {
      reportDetail(part, report);
      const inline = inlineDataOf(imageUrlOf(part) ?? '');
      if (inline) images.push(inline.base64);
      else report({ parameter: 'messages.image_url', what: 'dropped' });
    } else report({ parameter: `messages.${text(type) ?? 'content'}`, what: 'dropped' });
  }
  return { content: texts.filter((piece) => piece !== '').join('\n'), images };
}

function assistantMessage(message: Json, names: Map<string, string>, report: Report): Json {
  const { content: said, images } = saidBy(message['content'], report);
  const content = [said, text(message['refusal']) ?? ''].filter((piece) => piece !== '').join('\n');
  const thought = text(message['reasoning_content']) ?? '';
  const calls = saidCalls(message, report);
  for (const call of calls) names.set(call.id, call.name);
  // What another provider kept here has no place on this wire.
  if (list(member(message['patchbay'], 'blocks')).length > 0) report({ parameter: 'messages.patchbay.blocks', what: 'dropped' });
  return {
    role: 'assistant',
    content,
    ...(thought !== '' && { thinking: thought }),
    ...(images.length > 0 && { images }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call, index) => ({
        ...(call.id !== '' && { id: call.id }),
        function: { index, name: call.name, arguments: call.input },
      })),
    }),
  };
}

/** Messages in order. A result names its function, found again by the id of its call. */
export function messagesOf(messages: unknown, changed: Change[]): Json[] {
  const report = reporterInto(changed);
  const names = new Map<string, string>();
  const told: Json[] = [];
  for (const message of list(messages)) {
    if (!isRecord(message)) continue;
    reportUnreadMessage(message, report);
    const role = message['role'];
    if (role === 'assistant') {
      told.push(assistantMessage(message, names, report));
      continue;
    }
    const { content, images } = saidBy(message['content'], report);
    const said: Json = { content, ...(images.length > 0 && { images }) };
    if (role === 'tool' || role === 'function') {
      const id = resultIdOf(message);
      const name = names.get(id) ?? text(message['name']);
      told.push({ role: 'tool', ...said, ...(name !== undefined && { tool_name: name }), ...(id !== '' && { tool_call_id: id }) });
    } else {
      if (role === 'developer') report({ parameter: 'messages.role', what: 'renamed', to: 'system' });
      told.push({ role: role === 'system' || role === 'developer' ? 'system' : 'user', ...said });
    }
  }
  return told;
}
