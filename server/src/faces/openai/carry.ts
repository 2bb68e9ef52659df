/**
 * Carries what only one provider understands of its own answer (signatures, encrypted thoughts) through a client that speaks
 * another wire: as an opaque text in a place that clients send back untouched.
 */
import type { Extension } from '../../domain/chat.ts';
import { scanObject } from '../../lib/json-scan.ts';
import { isRecord } from '../../providers/shape.ts';

/** How such a text begins; nothing of a provider's own does. Alone it marks a thought that another provider had, and whose signature it is not. */
export const carriedLead = 'patchbay.1.';

/** More than this is not carried: the client would send it back with every turn. */
const carriedBytesMax = 262_144;

/** Where providers keep what they want to see again. */
const carriedNames = ['blocks', 'items'] as const;

/** The text that carries an answer's blocks; null where there are none, or too much. */
export function carry(extension: Extension | undefined): string | null {
  const kept: Extension = {};
  for (const name of carriedNames)
    if (Array.isArray(extension?.[name]) && (extension[name] as unknown[]).length > 0) kept[name] = extension[name];
  if (Object.keys(kept).length === 0) return null;
  const json = JSON.stringify(kept);
  return json.length > carriedBytesMax ? null : carriedLead + Buffer.from(json, 'utf8').toString('base64url');
}

export const isCarried = (value: unknown): value is string => typeof value === 'string' && value.startsWith(carriedLead);

/** The blocks again; null for a text that is none of ours or that somebody broke. Depth is bounded before anything is parsed. */
export function carried(value: unknown): Extension | null {
  if (!isCarried(value) || value.length > carriedBytesMax * 2) return null;
  const bytes = Buffer.from(value.slice(carriedLead.length), 'base64url');
  if (typeof scanObject(bytes) === 'string') return null;
  try {
    const found: unknown = JSON.parse(bytes.toString('utf8'));
    const kept: Extension = {};
    for (const name of carriedNames) if (isRecord(found) && Array.isArray(found[name])) kept[name] = found[name];
    return Object.keys(kept).length === 0 ? null : kept;
  } catch {
    // What does not parse was changed on its way, and carries nothing.
  }
  return null;
}
