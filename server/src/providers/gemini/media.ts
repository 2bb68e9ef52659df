/** Pieces of a message as parts of Google's wire: text, pictures, sound, films and documents. */
import type { Change } from '../../domain/ledger.ts';
import { fileDataOf, inlineDataOf } from '../content.ts';
import { mimeOf, mimeOfName } from '../media-types.ts';
import { isRecord, list, member, text, type Json } from '../shape.ts';
import { reportDetail } from '../unread-fields.ts';
import type { Part } from './wire.ts';

/** What a translation of messages carries along. */
export interface Reporter {
  /** Each loss is reported once, however many messages have it. */
  report(change: Change): void;
  /** Canonical base, below which uploaded files have their addresses. */
  baseUrl: string;
}

/** `data:` becomes inline data, whatever its encoding; null for one that cannot be read. */
function inlineOf(url: string): Part | null {
  const inline = inlineDataOf(url);
  return inline === null ? null : { inlineData: { mimeType: inline.mimeType, data: inline.base64 } };
}

/** Anything else is fetched by the provider itself; a known ending tells the type, which it otherwise finds out. */
function fetchedOf(url: string): Part {
  const mimeType = mimeOfName(URL.parse(url)?.pathname ?? '');
  return { fileData: { ...(mimeType !== undefined && { mimeType }), fileUri: url } };
}

const mediaOf = (url: string): Part | null => (url.slice(0, 5).toLowerCase() === 'data:' ? inlineOf(url) : fetchedOf(url));

function imagePart(part: Json, to: Reporter): Part | null {
  const image = part['image_url'];
  const url = text(image) ?? text(member(image, 'url'));
  reportDetail(part, (change) => to.report(change));
  const found = url === undefined ? null : mediaOf(url);
  const mimeType = text(member(found?.['inlineData'] ?? found?.['fileData'], 'mimeType'));
  // A film or a book in the place of a picture would be far dearer than what was reserved for one.
  return mimeType === undefined || mimeType.startsWith('image/') ? found : null;
}

function soundPart(part: Json): Part | null {
  const sound = part['input_audio'];
  const data = text(member(sound, 'data'));
  if (data === undefined) return null;
  if (data.startsWith('data:')) return inlineOf(data);
  const format = text(member(sound, 'format')) ?? 'wav';
  return { inlineData: { mimeType: mimeOf(format) ?? `audio/${format}`, data } };
}

/** A file by its content, or by the name that this provider's own file store gave it. */
function filePart(part: Json, to: Reporter): Part | null {
  const file = part['file'];
  const data = text(member(file, 'file_data'));
  const id = text(member(file, 'file_id'));
  if (data === undefined) {
    if (id?.startsWith('https://')) return fetchedOf(id);
    return id !== undefined && /^files\/[a-z0-9-]+$/.test(id) ? { fileData: { fileUri: `${to.baseUrl}/${id}` } } : null;
  }
  const name = text(member(file, 'filename')) ?? '';
  // The name helps with the type alone: the wire has no place for it.
  if (name !== '') to.report({ parameter: 'messages.file.filename', what: 'dropped' });
  const inline = fileDataOf(data, name);
  return inline === null ? null : { inlineData: { mimeType: inline.mimeType, data: inline.base64 } };
}

function partOf(raw: unknown, to: Reporter): Part | null {
  if (typeof raw === 'string') return { text: raw };
  if (!isRecord(raw)) return null;
  switch (raw['type']) {
    case 'text':
      return { text: text(raw['text']) ?? '' };
    case 'refusal':
      return { text: text(raw['refusal']) ?? '' };
    case 'image_url':
      return imagePart(raw, to);
    case 'input_audio':
      return soundPart(raw);
    case 'video_url': {
      const url = text(raw['video_url']) ?? text(member(raw['video_url'], 'url'));
      return url === undefined ? null : mediaOf(url);
    }
    case 'file':
      return filePart(raw, to);
    default:
      return null;
  }
}

/** Content as parts, in order. Empty texts say nothing and are left out; what has no counterpart is reported. */
export function partsOf(content: unknown, to: Reporter): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  const parts: Part[] = [];
  for (const raw of list(content)) {
    const part = partOf(raw, to);
    if (part === null) to.report({ parameter: `messages.${text(member(raw, 'type')) ?? 'content'}`, what: 'dropped' });
    else if (part['text'] !== '') parts.push(part);
    if (member(raw, 'cache_control') !== undefined) to.report({ parameter: 'messages.cache_control', what: 'dropped' });
  }
  return parts;
}
