/** Keeps what belongs together at one target, so that a provider's cache is hit, without a table of who went where. */

/** FNV-1a over the text with a finish that spreads it (MurmurHash3's): no secret, only an even spread. */
function hashOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Uniform in (0, 1), the same for the same text. */
export const drawOf = (text: string): number => (hashOf(text, 0) + hashOf(text, 0x9e3779b9) / 2 ** 32 + 2 ** -34) / 2 ** 32;

/**
 * Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights after Schindelhauer and Schomaker 2005): each target's rank for
 * a key depends on these two alone, so a target that comes or goes moves only the keys that are its own. Lower goes first.
 */
export const rankOf = (key: string, targetId: string, weight: number): number =>
  weight <= 0 ? Infinity : -Math.log(drawOf(`${targetId}\n${key}`)) / weight;

/** Characters of a prompt that make its prefix: providers cache from about 1,024 tokens on. */
const prefixCharsMax = 4_000;

/** The beginning of a conversation, by which requests with the same instructions are kept together. */
export function prefixOf(messages: unknown): string {
  let prefix = '';
  for (const message of Array.isArray(messages) ? (messages as unknown[]) : []) {
    const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
    prefix += `${String(role)}\n${typeof content === 'string' ? content : JSON.stringify(content ?? null)}\n`;
    if (prefix.length >= prefixCharsMax) break;
    // The first question is part of the prefix: a conversation begins with it in every one of its turns.
    if (role === 'user') break;
  }
  return prefix.slice(0, prefixCharsMax);
}
