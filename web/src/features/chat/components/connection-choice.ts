/** Which connection a chat's next question goes to, as far as the page can tell: the server decides by the same rule. Pure. */
import type { ChatSettings } from '@patchbay/client/chats';
import type { AiConnection } from '@patchbay/contract/ai-connections';

export interface Choice {
  name: string;
  model: string | null;
}

/** Nearest first: one's own default, a workspace's, the organization's, then the server's settings (C-14, C-02). */
const scopes: readonly AiConnection['scope'][] = ['user', 'workspace', 'organization', 'environment'];

/** Null where nothing would answer, or where that is not known. */
export function defaultOf(
  connections: readonly AiConnection[],
  { connectionId, model }: Pick<ChatSettings, 'connectionId' | 'model'>,
): Choice | null {
  const chosen = connectionId === null ? undefined : connections.find(({ id }) => id === connectionId);
  if (chosen) return { name: chosen.name, model: model ?? chosen.defaultModel };
  for (const scope of scopes) {
    const found = connections.find((one) => one.scope === scope && one.isActive && (one.isDefault || scope === 'environment'));
    if (found) return { name: found.name, model: connectionId === null ? (model ?? found.defaultModel) : found.defaultModel };
  }
  return null;
}

/** Could it answer? One that is switched off could not. */
export const isThere = ({ isActive }: AiConnection): boolean => isActive;
