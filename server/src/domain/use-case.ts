/** What a use case is: a role of the model with its prompt and its parameters, bound to connections; and the rules that follow. Pure. */
import type { Connection, ConnectionSettings } from './connection.ts';
import type { OrganizationRole } from './owner.ts';

/** `model` names a use case by this and its slug. */
export const useCasePrefix = 'use-case/';

/** What is put between base knowledge and prompt, where the use case wants it (D-22). */
export interface Injection {
  /** Name, role and email of whoever asks. */
  user: boolean;
  /** Date and time, in the person's time zone. */
  time: boolean;
  /** The page that the question comes from. */
  page: boolean;
}

export interface UseCase {
  id: string;
  slug: string;
  name: string;
  description: string;
  /** Null after the connection was deleted by force. */
  connectionId: string | null;
  /** Null is the connection's own. */
  model: string | null;
  systemPrompt: string;
  baseKnowledge: string;
  /** Null leaves it to the connection, and what that does not say to the provider. */
  temperature: number | null;
  maxTokens: number | null;
  /** Null is all roles (D-20). */
  allowedRoles: readonly OrganizationRole[] | null;
  /** Above zero it answers requests of its roles that name nothing, the highest first; zero is by name only. */
  priority: number;
  /** Asked in this order, each with its own model, where the first connection does not answer. */
  fallbackIds: readonly string[];
  inject: Injection;
  isActive: boolean;
  createdBy: string;
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

export const allowsRole = ({ allowedRoles }: Pick<UseCase, 'allowedRoles'>, role: OrganizationRole): boolean =>
  allowedRoles === null || allowedRoles.includes(role);

/** What the prompt tells of whoever asks, from when and from where. */
export interface PromptContext {
  person: { name: string; email: string; role: OrganizationRole; timeZone: string };
  atMs: number;
  /** Null where nobody said. */
  page: string | null;
}

const shownCharsMax = 500;

/** One line of our own making: what others wrote into a name must not become an instruction on a line of its own. */
const line = (label: string, value: string): string =>
  `${label}: ${value
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, shownCharsMax)}`;

function timeOf(atMs: number, timeZone: string): string {
  const options = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
  return `${new Intl.DateTimeFormat('en-GB', { ...options, timeZone }).format(atMs)} (${timeZone})`;
}

/** The prompt in its order: base knowledge, who asks and when and where, the instructions (D-21). Empty where there is none of them. */
export function promptOf(useCase: Pick<UseCase, 'systemPrompt' | 'baseKnowledge' | 'inject'>, context: PromptContext): string {
  const { inject } = useCase;
  const { person, page } = context;
  const told: string[] = [];
  if (inject.user) told.push(line('User', `${person.name} (${person.role}, ${person.email})`));
  if (inject.time) told.push(line('Current date and time', timeOf(context.atMs, person.timeZone)));
  if (inject.page && page !== null && page !== '') told.push(line('Current page', page));
  return [useCase.baseKnowledge, told.join('\n'), useCase.systemPrompt]
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n\n');
}

export type Binding =
  | { kind: 'bound'; candidates: { connection: Connection; model: string }[] }
  /** The model is switched off, was deleted, or was never named. */
  | { kind: 'unbound'; why: 'inactive' | 'gone' | 'no_model' };

/**
 * Who answers for a use case, in order. The first connection decides whether anybody does: one that is switched off fails, although
 * there are fallbacks, because a model that an administrator took out of service must be missed.
 */
export function bindingOf(
  { connectionId, model, fallbackIds }: Pick<UseCase, 'connectionId' | 'model' | 'fallbackIds'>,
  byId: (id: string) => Connection | undefined,
): Binding {
  const first = connectionId === null ? undefined : byId(connectionId);
  if (first === undefined) return { kind: 'unbound', why: 'gone' };
  if (!first.isActive) return { kind: 'unbound', why: 'inactive' };
  const chosen = model ?? first.model;
  if (chosen === null) return { kind: 'unbound', why: 'no_model' };
  const candidates = [{ connection: first, model: chosen }];
  for (const id of fallbackIds) {
    const connection = byId(id);
    if (connection?.isActive) candidates.push({ connection, model: connection.model ?? chosen });
  }
  return { kind: 'bound', candidates };
}

/** The connection's parameters with those of the use case in front: what a use case says counts more, what the caller says counts most. */
export function settingsWith(
  settings: ConnectionSettings,
  { temperature, maxTokens }: Pick<UseCase, 'temperature' | 'maxTokens'>,
): ConnectionSettings {
  if (temperature === null && maxTokens === null) return settings;
  // Both words for one limit give way: which of them a form writes is the provider's affair.
  const { maxOutputTokens: _other, ...others } = settings;
  return {
    ...(maxTokens === null ? settings : others),
    ...(temperature !== null && { temperature }),
    ...(maxTokens !== null && { maxTokens }),
  };
}

const slugCharsMax = 60;

/** A slug from a name: ASCII letters and digits with single hyphens; `use-case` where nothing is left of the name. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, slugCharsMax)
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'use-case' : plain;
}

/** The use cases of the installation by id, by slug, and those that answer what names nothing. */
export class UseCaseBook {
  readonly byId = new Map<string, UseCase>();
  readonly bySlug = new Map<string, UseCase>();
  /** Active ones with a priority, the highest first; of equal ones the older. Empty in most houses. */
  standards: readonly UseCase[] = [];

  put(id: string, useCase: UseCase | null): void {
    const before = this.byId.get(id);
    // Another one may have taken the slug by now: within one revision the order is that of ids.
    if (before && this.bySlug.get(before.slug)?.id === id) this.bySlug.delete(before.slug);
    this.byId.delete(id);
    if (useCase !== null) {
      this.byId.set(id, useCase);
      this.bySlug.set(useCase.slug, useCase);
    }
    this.standards = [...this.byId.values()]
      .filter((one) => one.isActive && one.priority > 0)
      .toSorted((a, b) => b.priority - a.priority || a.createdAtMs - b.createdAtMs);
  }
}
