/** This face says "AI LLM" with a type, an endpoint, a secret and a key where the house says provider, base URL and secrets. */
import { STATUS_CODES } from 'node:http';
import type { AiLlm, AiLlmStats, CreateAiLlm, UpdateAiLlm } from '@patchbay/contract/ai-llm';
import { translate } from '@patchbay/contract/translate';
import type { ConnectionInput, FieldWords } from '../../control/connection-input.ts';
import type { TestOutcome } from '../../control/connection-test.ts';
import { testView } from '../../control/connection-test-view.ts';
import type { ConnectionTotals } from '../../control/connection-usage.ts';
import type { Connection } from '../../domain/connection.ts';
import type { Language } from '../../domain/owner.ts';
import { aiTypeOf, providerOfAiType, providerRow } from '../../providers/catalog.ts';
import type { StoredConnection } from '../../storage/connections.ts';
import type { UsingRepository } from '../../storage/repositories.ts';

export const words: FieldWords = {
  provider: 'aiType',
  baseUrl: 'endpoint',
  secret: 'secret',
  accessKeyId: 'key',
  model: 'defaultModel',
  settings: 'configuration',
  needsModel: false,
};

export const fromConnection = (
  { connection }: StoredConnection,
  organizationId: string,
  repositories: readonly UsingRepository[],
): AiLlm => ({
  id: connection.id,
  orgId: organizationId,
  workspaceId: connection.owner.scope === 'workspace' ? connection.owner.id : null,
  userId: connection.createdBy,
  name: connection.name,
  aiType: aiTypeOf(connection.providerId),
  endpoint: connection.baseUrl ?? providerRow(connection.providerId)?.baseUrl ?? null,
  key: null,
  createdAt: new Date(connection.createdAtMs).toISOString(),
  repos: repositories.map(({ id, name, createdAtMs }) => ({ id, name, createdAt: new Date(createdAtMs).toISOString() })),
  provider: connection.providerId,
  defaultModel: connection.model,
  active: connection.isActive,
  isDefault: connection.isDefault,
  lastValidatedAt: connection.lastTestedAtMs === null ? null : new Date(connection.lastTestedAtMs).toISOString(),
  validationStatus: connection.testStatus,
  secretSetAt: connection.secretSetAtMs === null ? null : new Date(connection.secretSetAtMs).toISOString(),
  revision: connection.revision,
});

const isEntered = (text: string | null | undefined): boolean => typeof text === 'string' && text !== '';
/** The one type whose credentials are a secret and an access key id. */
const hasTwoParts = (aiType: AiLlm['aiType']): boolean => aiType === 'AWS';

/** One part or two: where a type has one and only `key` was sent, that is the secret (C-21). */
function secretsOf(
  { key, secret }: Pick<UpdateAiLlm, 'key' | 'secret'>,
  aiType: AiLlm['aiType'],
): Pick<ConnectionInput, 'secret' | 'accessKeyId'> {
  if (hasTwoParts(aiType)) return { secret, accessKeyId: key };
  return { secret: !isEntered(secret) && isEntered(key) ? key : secret };
}

/** What was done, and that a `key` was not stored where a type has one part and a `secret` came with it: clients may always send both. */
export function savedMessage(
  done: 'connections.created' | 'connections.updated',
  { key, secret }: Pick<UpdateAiLlm, 'key' | 'secret'>,
  { providerId }: Connection,
  language: Language,
): string {
  const isUnused = isEntered(key) && isEntered(secret) && key !== secret && !hasTwoParts(aiTypeOf(providerId));
  return translate(language, done) + (isUnused ? ` ${translate(language, 'connections.keyUnused')}` : '');
}

const common = (body: CreateAiLlm | UpdateAiLlm): ConnectionInput => ({
  name: body.name,
  baseUrl: body.endpoint,
  model: body.defaultModel,
  isActive: body.active,
  isDefault: body.isDefault,
});

export const toNew = (body: CreateAiLlm): ConnectionInput => ({
  ...common(body),
  providerId: providerOfAiType(body.aiType, body.endpoint ?? null),
  ...secretsOf(body, body.aiType),
});

/** The provider moves only where the type or, for `OTHER`, the endpoint says so. */
export function toChange(body: UpdateAiLlm, before: Connection): ConnectionInput {
  const aiType = body.aiType ?? aiTypeOf(before.providerId);
  const isKept = body.aiType === undefined || body.aiType === aiTypeOf(before.providerId);
  const isElsewhere = typeof body.endpoint === 'string' && URL.canParse(body.endpoint) && new URL(body.endpoint).origin !== before.origin;
  const providerId = isKept && !(aiType === 'OTHER' && isElsewhere) ? undefined : providerOfAiType(aiType, body.endpoint ?? before.baseUrl);
  // What has one part from now on keeps no half of the two that it had: nobody could say it anew, nor take it away.
  const half = !isKept && hasTwoParts(aiTypeOf(before.providerId)) ? { accessKeyId: null } : {};
  return { ...common(body), providerId, ...half, ...secretsOf(body, aiType) };
}

/** Both always present; a refusal by the provider carries its status text (contracts 2.2). */
export function fromOutcome(outcome: TestOutcome, language: Language): { success: boolean; message: string } {
  const { success, message, hint } = testView(outcome, language);
  const status = outcome.test.vendorStatus;
  if (success) return { success, message };
  const said = status === null ? '' : ` (${status} ${STATUS_CODES[status] ?? ''})`.replace(' )', ')');
  return { success, message: `${message}${said}${hint === null ? '' : ` ${hint}`}` };
}

export const fromTotals = (totals: ConnectionTotals): AiLlmStats => ({
  aiLlmId: totals.connectionId,
  totalApiCalls: String(totals.requests),
  totalTokensIn: String(totals.tokensIn),
  totalTokensOut: String(totals.tokensOut),
  totalLlmTokensIn: String(totals.tokensIn),
  totalLlmTokensOut: String(totals.tokensOut),
  totalPolicyViolations: String(totals.violations),
  totalAlerts: String(totals.alerts),
  totalBlocks: String(totals.blocks),
});
