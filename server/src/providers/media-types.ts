/** Media types by the endings of names. */

const mimeOfEnding: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  csv: 'text/csv',
  json: 'application/json',
  wav: 'audio/wav',
  mp3: 'audio/mp3',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  aiff: 'audio/aiff',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mpeg: 'video/mpeg',
};

/** Undefined for an ending that nobody knows, and for one that only a prototype knows. */
export const mimeOf = (ending: string): string | undefined => (Object.hasOwn(mimeOfEnding, ending) ? mimeOfEnding[ending] : undefined);
/** The type that a name's ending tells. */
export const mimeOfName = (name: string): string | undefined => mimeOf(name.slice(name.lastIndexOf('.') + 1).toLowerCase());
