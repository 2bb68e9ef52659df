/** A use case in the place of a model: the order that names one becomes an order with its connections, its prompt and its parameters. */
import type { ChatRequest } from '../domain/chat.ts';
import type { ConnectionIndex } from '../domain/connection-index.ts';
import type { ConnectionSettings } from '../domain/connection.ts';
import { settingsOver } from '../domain/ai-settings.ts';
import { allowsModel } from '../domain/access-key.ts';
import type { Resolution } from '../domain/resolve.ts';
import { allowsRole, bindingOf, promptOf, settingsWith, useCasePrefix, type PromptContext, type UseCase } from '../domain/use-case.ts';
import { patchObject, scanObject, type Patch } from '../lib/json-scan.ts';
import type { CallRequest } from '../providers/calling.ts';
import { exactMember, isRecord } from '../providers/shape.ts';
import type { CallerWire } from '../providers/writer.ts';
import { refuse } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';
import { exactObjectOf, readRequest } from './request.ts';

type KeeperDeps = Pick<GatewayDeps, 'keeper'>;

/**
 * The order as it goes on: itself where no use case is meant. A request that names nothing goes to the first use case that claims the
 * caller's role. Throws GatewayRefusal where the one that is named is not there for this caller, or is switched off.
 */
export function expand(deps: GatewayDeps, order: Order): Order {
  const { asked, useCase } = order;
  if (useCase !== undefined) return expanded(deps, order, useCase);
  if (asked !== null && asked !== '') {
    return asked.startsWith(useCasePrefix) ? expanded(deps, order, named(deps, order, asked)) : order;
  }
  const standard = standardFor(deps, order);
  return standard === undefined ? order : expanded(deps, { ...order, asked: `${useCasePrefix}${standard.slug}` }, standard);
}

/** One that this person's role may not use answers exactly like one that does not exist. */
function named({ keeper }: KeeperDeps, { userId }: Order, asked: string): UseCase {
  const useCase = keeper.snapshot.useCases.bySlug.get(asked.slice(useCasePrefix.length));
  const role = keeper.snapshot.people.get(userId)?.role;
  if (useCase === undefined || role === undefined || !allowsRole(useCase, role))
    throw refuse('model_not_found', { message: 'There is no use case of this name that you may use.' });
  if (!useCase.isActive) throw refuse('use_case_inactive');
  return useCase;
}

function standardFor({ keeper }: KeeperDeps, { userId, accessKey, pinnedId, request, purpose }: Order): UseCase | undefined {
  const { standards } = keeper.snapshot.useCases;
  // Whoever pins a connection has chosen, and what is no conversation has no prompt.
  if (standards.length === 0 || pinnedId !== null || request.operation !== undefined) return undefined;
  if (purpose !== 'completion' && purpose !== 'chat') return undefined;
  const role = keeper.snapshot.people.get(userId)?.role;
  if (role === undefined) return undefined;
  return standards.find((one) => allowsRole(one, role) && allowsModel(accessKey?.models ?? null, `${useCasePrefix}${one.slug}`));
}

function expanded({ keeper }: KeeperDeps, order: Order, useCase: UseCase): Order {
  const { operation } = order.request;
  if (operation !== undefined && !operation.isSaidByChat)
    throw refuse('operation_not_supported', { message: 'A use case answers conversations. Name a model for this operation.' });
  const person = keeper.snapshot.people.get(order.userId);
  const context: PromptContext = {
    person: {
      name: person?.name ?? '',
      email: person?.email ?? '',
      role: person?.role ?? 'user',
      timeZone: person?.timeZone ?? 'UTC',
    },
    atMs: order.atMs,
    page: order.page ?? null,
  };
  return { ...order, useCase, request: withPrompt(order.request, promptOf(useCase, context)) };
}

/**
 * Who answers for a use case, for the plan; `attached` is what a key of a repository may reach, null for everybody else.
 * Throws GatewayRefusal where its model is switched off or gone.
 */
export function resolutionOfUseCase(
  { keeper }: KeeperDeps,
  { pinnedId }: Pick<Order, 'pinnedId'>,
  useCase: UseCase,
  attached: ConnectionIndex | null,
): Extract<Resolution, { kind: 'candidates' }> {
  const binding = bindingOf(useCase, (id) => keeper.snapshot.connections.get(id));
  if (binding.kind === 'unbound') {
    if (binding.why === 'no_model') throw refuse('model_required');
    throw refuse('connection_inactive', { message: `The model of the use case "${useCase.slug}" ${unboundWords[binding.why]}.` });
  }
  // A key of a repository stays within it, and a pinned connection is one of those that may answer or none.
  const candidates = binding.candidates.filter(
    ({ connection: { id } }) => (attached === null || attached.places.has(id)) && (pinnedId === null || pinnedId === id),
  );
  if (candidates.length > 0) return { kind: 'candidates', candidates };
  throw refuse(pinnedId === null ? 'model_not_in_repository' : 'connection_not_found');
}

const unboundWords = { inactive: 'is inactive', gone: 'was deleted' } as const;

/** What of a target is changed here. */
interface Parametrised {
  settings: ConnectionSettings;
  isByChat?: true;
}

/**
 * Targets with the parameters of the use case, or with those of the installation where nobody named a model and in its own chat (D-25).
 * What the caller says counts more than either.
 */
export function parametrised<Target extends Parametrised>(deps: KeeperDeps, order: Order, targets: readonly Target[]): readonly Target[] {
  const { useCase, asked, purpose, request } = order;
  if (useCase !== undefined) {
    return targets.map((target) => ({
      ...target,
      settings: settingsWith(target.settings, useCase),
      ...(request.operation !== undefined && { isByChat: true as const }),
    }));
  }
  const applied = deps.keeper.snapshot.aiDefaults;
  if (applied === null || request.operation !== undefined || (purpose !== 'chat' && asked !== null && asked !== '')) return targets;
  return targets.map((target) => ({ ...target, settings: settingsOver(applied, target.settings) }));
}

const isSystem = (message: unknown): message is { role: string; content: string } =>
  isRecord(message) && (message['role'] === 'system' || message['role'] === 'developer') && typeof message['content'] === 'string';

/** The prompt as the first message; a first instruction of the caller's follows in the same one, because many models take one only. */
function before(prompt: string, messages: readonly unknown[]): unknown[] {
  const [first, ...rest] = messages;
  if (isSystem(first)) return [{ ...first, content: `${prompt}\n\n${first.content}` }, ...rest];
  return [{ role: 'system', content: prompt }, ...messages];
}

/** The same request with the prompt in front, in its own wire and in the house's language. */
export function withPrompt(request: CallRequest, prompt: string): CallRequest {
  if (prompt === '') return request;
  const { bytes, scan, wire } = request;
  if (wire === undefined) {
    const messages = exactMember(bytes, scan, 'messages');
    // What is no conversation is the provider's to refuse.
    if (!Array.isArray(messages)) return request;
    return readRequest(patchObject(bytes, scan, [{ key: 'messages', json: JSON.stringify(before(prompt, messages as unknown[])) }]));
  }
  const patched = patchObject(bytes, scan, [instructed(request, wire.promptField, prompt)]);
  const again = scanObject(patched);
  if (typeof again === 'string') throw refuse('invalid_json');
  let house: ChatRequest | null = null;
  return {
    ...request,
    bytes: patched,
    scan: again,
    // A provider of the Responses wire repeats its instructions in every answer: those of a use case are not the caller's to read.
    wire: wire.id === 'responses' ? { ...wire, isPassable: false } : wire,
    parsed: () => (house ??= houseOf(request, patched, prompt)),
  };
}

/** The member that holds the instructions, with the prompt in front of what it says. */
function instructed({ bytes, scan }: CallRequest, field: CallerWire['promptField'], prompt: string): Patch {
  const own = exactMember(bytes, scan, field);
  const said = field === 'messages' ? before(prompt, Array.isArray(own) ? (own as unknown[]) : []) : joined(prompt, own);
  return { key: field, json: JSON.stringify(said) };
}

function houseOf(request: CallRequest, patched: Buffer, prompt: string): ChatRequest {
  const { wire, translate } = request;
  if (wire?.id !== 'completions' && translate) return translate(exactObjectOf(patched));
  const said = request.parsed();
  return { ...said, messages: before(prompt, Array.isArray(said.messages) ? (said.messages as unknown[]) : []) };
}

/** Instructions that the caller gave follow ours. */
function joined(prompt: string, own: unknown): unknown {
  if (Array.isArray(own)) return [{ type: 'text', text: prompt }, ...(own as unknown[])];
  return typeof own === 'string' && own !== '' ? `${prompt}\n\n${own}` : prompt;
}
