/** What was chosen lately, newest first, in this browser. */
import { recall, remember } from '../../lib/storage.ts';

const keptMax = 5;

export function recentIds(): string[] {
  try {
    const stored: unknown = JSON.parse(recall('patchbay-recent') ?? '[]');
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string').slice(0, keptMax) : [];
  } catch {
    return [];
  }
}

export function noteRecent(id: string): void {
  remember('patchbay-recent', JSON.stringify([id, ...recentIds().filter((known) => known !== id)].slice(0, keptMax)));
}
