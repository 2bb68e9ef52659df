/** Which connection a chat's next question goes to, as far as the page can tell: the server decides by the same rule. Pure. */
import type { ChatSettings } from '@patchbay/client/chats';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { AvailableUseCase } from '@patchbay/contract/use-cases';

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

/** The use case that answers: the chosen one, or the one that claims whoever chose nothing. Undefined where none does. */
export function choiceOf(
  cases: readonly AvailableUseCase[],
  { useCaseId, connectionId, model }: Pick<ChatSettings, 'useCaseId' | 'connectionId' | 'model'>,
): Choice | undefined {
  const isOpen = useCaseId === null && connectionId === null && model === null;
  const found = cases.find(({ id, isStandard }) => (isOpen ? isStandard : id === useCaseId));
  return found && { name: found.name, model: null };
}

/** Whether a use case was chosen, which needs no connection of the person's own. */
export const hasUseCase = ({ useCaseId }: Pick<ChatSettings, 'useCaseId'>): boolean => useCaseId !== null;

/** Could it answer? One that is switched off could not. */
export const isThere = ({ isActive }: AiConnection): boolean => isActive;
