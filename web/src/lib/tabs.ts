/** What the tabs of one browser tell each other about its one session. */
import { basePath } from './page.ts';

export type TabWord = 'signed-in' | 'signed-out';

// One for the tab, which does not hear itself. The base path is part of the name: two installations of one host have two sessions.
const channel = new BroadcastChannel(`patchbay ${basePath}`);

export const tellTabs = (word: TabWord): void => channel.postMessage(word);

/** Returns what ends it. */
export function hearTabs(hear: (word: TabWord) => void): () => void {
  const listen = ({ data }: MessageEvent<TabWord>): void => hear(data);
  channel.addEventListener('message', listen);
  return () => channel.removeEventListener('message', listen);
}
