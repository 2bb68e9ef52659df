/** The house's messages as Converse's turns: text, media, calls, results, and thoughts with their signatures. */
import type { Change } from '../../domain/ledger.ts';
import { fileDataOf, imageUrlOf, inlineDataOf, resultIdOf, saidCalls, type InlineData } from '../content.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, list, member, parseJson, text, type Json } from '../shape.ts';
import { reportDetail, reporterInto, reportUnreadMessage } from '../unread-fields.ts';
import { cachePointOf, documentFormats, familyOf, imageFormats, videoFormats, type Part, type Turn } from './wire.ts';

export interface Conversation {
  system: Part[];
  turns: Turn[];
  /** Names of functions that the history calls: the provider wants them declared. */
  called: ReadonlySet<string>;
}

interface Context {
  report: (change: Change) => void;
  /** Only Claude takes thoughts back, and only signed ones. */
  takesThoughts: boolean;
  called: Set<string>;
  documents: number;
}

/** Names may hold letters, digits, single spaces, hyphens and brackets; they must differ, and tell the model nothing that it should obey. */
function documentName(name: string | undefined, context: Context): string {
  context.documents++;
  const stem = (name ?? '').replace(/\.[A-Za-z0-9]{1,5}$/, '');
  const plain = stem
    .replace(/[^A-Za-z0-9\-()[\] ]/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 100);
  return `${plain === '' ? 'document' : plain} ${context.documents}`;
}

const sourceOf = (base64: string): Json => ({ bytes: base64 });
const formatIn = (formats: Readonly<Record<string, string>>, mimeType: string): string | undefined =>
  Object.hasOwn(formats, mimeType) ? formats[mimeType] : undefined;

/** A picture, a film or a document by its bytes; an address of S3's is fetched by the provider, any other one by nobody. */
function mediaOf(url: string, name: string | undefined, context: Context, inline: InlineData | null = inlineDataOf(url)): Part | null {
  if (!inline) {
    const ending = /\.([a-z0-9]{2,5})$/i.exec(url)?.[1]?.toLowerCase() ?? '';
    const format = ending === 'jpg' ? 'jpeg' : ending;
    if (!url.startsWith('s3://')) return null;
    const source = { s3Location: { uri: url } };
    if (Object.values(imageFormats).includes(format)) return { image: { format, source } };
    if (Object.values(documentFormats).includes(format))
      return { document: { format, name: documentName(name ?? url.slice(url.lastIndexOf('/') + 1), context), source } };
    return null;
  }
  const { mimeType, base64 } = inline;
  const image = formatIn(imageFormats, mimeType);
  if (image !== undefined) return { image: { format: image, source: sourceOf(base64) } };
  const video = formatIn(videoFormats, mimeType);
  if (video !== undefined) return { video: { format: video, source: sourceOf(base64) } };
  const document = formatIn(documentFormats, mimeType);
  return document === undefined ? null : { document: { format: document, name: documentName(name, context), source: sourceOf(base64) } };
}

function partOf(part: Json, context: Context): Part | null {
  switch (part['type']) {
    case 'text':
    case 'refusal': {
      const said = text(part[part['type']]) ?? '';
      return said === '' ? {} : { text: said };
    }
    case 'image_url':
      reportDetail(part, context.report);
      return mediaOf(imageUrlOf(part) ?? '', undefined, context);
    case 'video_url':
      return mediaOf(text(part['video_url']) ?? text(member(part['video_url'], 'url')) ?? '', undefined, context);
    case 'file': {
      const file = part['file'];
      const data = text(member(file, 'file_data')) ?? '';
      const name = text(member(file, 'filename'));
      return mediaOf(data, name, context, fileDataOf(data, name ?? ''));
    }
    default:
      return null;
  }
}

/** Content as parts, in order, each marker after what it marks. */
function partsOf(content: unknown, context: Context): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  const parts: Part[] = [];
  for (const raw of list(content)) {
    const found = typeof raw === 'string' ? { text: raw } : isRecord(raw) ? partOf(raw, context) : {};
    if (found === null) context.report({ parameter: `messages.${text(member(raw, 'type')) ?? 'content'}`, what: 'dropped' });
    else if (Object.keys(found).length > 0) parts.push(found);
    const marker = member(raw, 'cache_control');
    if (marker !== undefined && marker !== null) parts.push(cachePointOf(marker));
  }
  return parts;
}

const marked = (parts: Part[], message: Json): Part[] =>
  message['cache_control'] === undefined || message['cache_control'] === null || parts.length === 0
    ? parts
    : [...parts, cachePointOf(message['cache_control'])];

/** Ids of calls may hold letters, digits, `_` and `-` only; both ends of a pair are changed alike. */
const callId = (id: string): string => id.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'call';

/** Thoughts that came from this wire or from Claude's own before: their signatures hold at both. */
function thoughtsOf(message: Json, context: Context): Part[] {
  const blocks = list(member(message['patchbay'], 'blocks')).filter(isRecord);
  const thoughts: Part[] = [];
  for (const block of blocks) {
    const signature = text(block['signature']) ?? '';
    if (block['type'] === 'thinking' && signature !== '')
      thoughts.push({ reasoningContent: { reasoningText: { text: text(block['thinking']) ?? '', signature } } });
    else if (block['type'] === 'redacted_thinking') thoughts.push({ reasoningContent: { redactedContent: block['data'] } });
    else if (block['type'] !== 'text' && block['type'] !== 'tool_use' && block['type'] !== 'thinking')
      context.report({ parameter: 'messages.patchbay.blocks', what: 'dropped' });
  }
  const isLost = thoughts.length === 0 ? Boolean(text(message['reasoning_content'])) : !context.takesThoughts;
  if (isLost) context.report({ parameter: 'messages.reasoning_content', what: 'dropped' });
  return context.takesThoughts ? thoughts : [];
}

function assistantParts(message: Json, context: Context): Part[] {
  const refusal = text(message['refusal']) ?? '';
  const said = partsOf(message['content'], context);
  if (refusal !== '') said.push({ text: refusal });
  const parts = [...thoughtsOf(message, context), ...said];
  for (const call of saidCalls(message, context.report)) {
    context.called.add(call.name);
    parts.push({ toolUse: { toolUseId: callId(call.id), name: call.name, input: call.input } });
  }
  return parts;
}

/** A result is JSON where it is an object, else text; pictures and documents stand inside it. */
function resultPart(message: Json, context: Context): Part[] {
  const content = message['content'];
  const parsed = typeof content === 'string' && content.trimStart().startsWith('{') ? parseJson(content) : undefined;
  // Whole numbers longer than this lose digits when they are read; such a result stays a text.
  const isExact = typeof content === 'string' && !/\d{16,}/.test(content);
  const given = isRecord(parsed) && isExact ? [{ json: parsed }] : partsOf(content, context);
  const inside = given.filter((part) => part['cachePoint'] === undefined);
  return [
    {
      toolResult: {
        toolUseId: callId(resultIdOf(message)),
        content: inside.length > 0 ? inside : [{ text: ' ' }],
        ...(message['is_error'] === true && { status: 'error' }),
      },
    },
    ...given.filter((part) => part['cachePoint'] !== undefined),
  ];
}

/**
 * Messages as instructions and turns. Neighbours of one side become one turn, because turns must alternate; instructions that
 * stand between turns move to the front, and that is reported.
 */
export function conversationOf(messages: unknown, to: Destination, changed: Change[]): Conversation {
  const context: Context = {
    report: reporterInto(changed),
    takesThoughts: familyOf(to.model) === 'claude',
    called: new Set(),
    documents: 0,
  };
  const system: Part[] = [];
  const turns: Turn[] = [];
  const add = (role: Turn['role'], parts: Part[]): void => {
    const last = turns.at(-1);
    if (parts.length === 0) return;
    if (last?.role === role) last.content.push(...parts);
    else turns.push({ role, content: [...parts] });
  };
  for (const message of list(messages)) {
    if (!isRecord(message)) continue;
    reportUnreadMessage(message, context.report);
    const role = message['role'];
    if (role === 'system' || role === 'developer') {
      if (turns.length > 0) context.report({ parameter: 'messages.system', what: 'approximated', to: 'system' });
      system.push(...marked(partsOf(message['content'], context), message));
    } else if (role === 'assistant') add('assistant', marked(assistantParts(message, context), message));
    else if (role === 'tool' || role === 'function') add('user', marked(resultPart(message, context), message));
    else add('user', marked(partsOf(message['content'], context), message));
  }
  return { system, turns, called: context.called };
}
