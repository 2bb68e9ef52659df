/** Chats in the words of the API: ISO times, decimal dollars, and failures as people read them in their language. */
import type { chat, chatFailure, chatMessage, chatSummary } from '@patchbay/contract/chats';
import type { ErrorCode } from '@patchbay/contract/errors';
import { translate, type Language } from '@patchbay/contract/translate';
import type { z } from 'zod';
import type { ChatView, MessageView } from '../../control/chats.ts';
import type { Fault } from '../../domain/errors.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { providerRow } from '../../providers/catalog.ts';
import { hintOf, type Hint } from '../../providers/hints.ts';
import type { ChatRecord } from '../../storage/chats.ts';

export const fromSummary = ({
  id,
  title,
  headId,
  createdAtMs,
  updatedAtMs,
}: Omit<ChatRecord, 'settings'>): z.input<typeof chatSummary> => ({
  id,
  title,
  headId,
  createdAt: isoOf(createdAtMs),
  updatedAt: isoOf(updatedAtMs),
});

export const fromChat = (view: ChatView): z.input<typeof chat> => ({
  ...fromSummary(view),
  settings: view.settings,
  isConnectionGone: view.isConnectionGone,
  isUseCaseGone: view.isUseCaseGone,
});

/** Refusals of the data plane that the house has a text for. */
const refusalTexts: Readonly<Record<string, ErrorCode>> = {
  no_connection: 'NO_CONNECTION_CONFIGURED',
  model_required: 'MODEL_REQUIRED',
  connection_inactive: 'MODEL_INACTIVE',
  use_case_inactive: 'USE_CASE_UNAVAILABLE',
  ledger_unavailable: 'STORAGE_UNAVAILABLE',
  policy_violation: 'POLICY_BLOCKED',
};

/** Faults that a chat has better words for than the test of a connection. */
const ownTexts: Readonly<Record<string, string>> = {
  connection_not_found: 'chats.failures.connectionNotFound',
  too_long: 'chats.failures.tooLong',
  context_length: 'chats.failures.contextLength',
};

function keysOf(code: string): { issue: string; check: string; resolution: string } {
  const own = ownTexts[code];
  if (own !== undefined) return { issue: `${own}.issue`, check: `${own}.check`, resolution: `${own}.resolution` };
  // A word that this version does not know, as an older or newer one may have stored it, is told as unknown.
  const known: Hint | undefined = hintOf(code as Fault);
  return known ?? hintOf('caller_gone');
}

/** Why an answer failed, as people read it; null where it did not. */
export function failureOf(
  { failure, provider, model }: Pick<MessageView, 'failure' | 'provider' | 'model'>,
  language: Language,
): z.input<typeof chatFailure> | null {
  if (failure === null) return null;
  const refusal = refusalTexts[failure];
  if (refusal !== undefined)
    return { code: failure, issue: translate(language, `errors.${refusal}`, { name: model ?? '' }), check: null, resolution: null };
  const row = provider === null ? undefined : providerRow(provider);
  const values = { provider: row?.name ?? provider ?? '', model: model ?? '', status: '', entry: '', keyPage: row?.keyPage ?? '' };
  const { issue, check, resolution } = keysOf(failure);
  const say = (key: string): string => translate(language, key, values);
  return { code: failure, issue: say(issue), check: say(check), resolution: say(resolution) };
}

function answerOf(message: MessageView): z.input<typeof chatMessage>['answer'] {
  const { facts } = message;
  if (message.role === 'user' || facts === null) return null;
  const { costNanoUsd, ...rest } = facts;
  return {
    ...rest,
    connectionId: message.connectionId,
    connectionName: message.connectionName,
    provider: message.provider,
    model: message.model,
    modelReported: message.modelReported,
    requestId: message.requestId,
    costUsd: costNanoUsd === null ? null : decimalUsdOf(costNanoUsd),
  };
}

export const fromMessage = (message: MessageView, language: Language): z.input<typeof chatMessage> => ({
  id: message.id,
  parentId: message.parentId,
  role: message.role,
  content: message.content,
  reasoning: message.reasoning,
  state: message.state,
  versions: message.versions,
  failure: failureOf(message, language),
  answer: answerOf(message),
  createdAt: isoOf(message.createdAtMs),
});
