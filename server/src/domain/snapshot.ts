/** The configuration as the gateway sees it: maps in memory, changed in one step after each commit. Reads never wait. */
import type { AccessKey, PersonalToken } from './access-key.ts';
import { aiSettingsDefault, appliedOf, type AiSettings } from './ai-settings.ts';
import { AlertBook, type AlertDelta } from './alert-book.ts';
import { ConnectionIndex } from './connection-index.ts';
import type { Connection, ConnectionSettings, SealedSecrets } from './connection.ts';
import { healthSettingsDefault, type HealthSettings } from './health-settings.ts';
import { PolicyIndex, type Policy } from './policy.ts';
import { LimitTable, type LimitRow } from './limit-table.ts';
import { PriceTable, type PriceEntry } from './price.ts';
import type { RoutingGroup } from './routing-group.ts';
import { RoutingTable } from './routing-table.ts';
import type { Repository } from './repository.ts';
import {
  ownerKey,
  type Actor,
  type Language,
  type OrganizationRole,
  type Owner,
  type Permission,
  type Scope,
  type WorkspaceRole,
} from './owner.ts';
import { UseCaseBook, type UseCase } from './use-case.ts';

export interface SnapshotPerson {
  userId: string;
  email: string;
  name: string;
  role: OrganizationRole;
  permissions?: readonly Permission[] | null;
  language: Language;
  /** IANA name; missing is UTC. */
  timeZone?: string;
  isDisabled: boolean;
}

export interface SnapshotOwnerKey {
  version: number;
  salt: Uint8Array;
  isActive: boolean;
}

/** What a load or a commit brings: rows above a revision. A connection that was deleted comes as `null`. */
export interface SnapshotDelta {
  revision: number;
  organizationId?: string;
  connections: { id: string; connection: Connection | null; sealed: SealedSecrets | null }[];
  /** `previousHash` is that of the key before a rotation, where its overlap is not over for good. */
  accessKeys: { hash: string; previousHash?: string | null; key: AccessKey }[];
  personalTokens: { hash: string; token: PersonalToken }[];
  people: SnapshotPerson[];
  memberships: { workspaceId: string; userId: string; role: WorkspaceRole | null }[];
  ownerKeys: { owner: Owner; keys: SnapshotOwnerKey[] }[];
  deletedWorkspaceIds: string[];
  /** Workspaces that were made or renamed. */
  changedWorkspaceIds?: readonly string[];
  prices?: PriceEntry[];
  /** A routing group that was deleted comes as `null`. */
  routingGroups?: { id: string; owner: Owner; group: RoutingGroup | null }[];
  /** A use case that was deleted comes as `null`. */
  useCases?: { id: string; useCase: UseCase | null }[];
  aiSettings?: AiSettings;
  limits?: readonly LimitRow[];
  /** Workspaces that keep the contents of their requests, and those that stopped. */
  captures?: readonly { workspaceId: string; isOn: boolean; keptDays: number }[];
  alerting?: AlertDelta;
  limitSettings?: { timeZone: string; outputTokensCeiling: number | null };
  healthSettings?: HealthSettings;
  policies?: { policy: Policy; isDeleted: boolean }[];
  /** A repository that was deleted comes as `null`. */
  repositories?: { id: string; workspaceId: string; repository: Repository | null }[];
  /** Kinds of objects that changed and that are not in here. */
  besides?: readonly string[];
}

export class Snapshot {
  revision = 0;
  organizationId = '';
  readonly connections = new Map<string, Connection>();
  /** Sealed bytes lie apart from what is listed, logged and rendered. */
  readonly sealed = new Map<string, SealedSecrets>();
  readonly byOwner = new Map<string, Map<string, Connection>>();
  readonly accessKeys = new Map<string, AccessKey>();
  readonly personalTokens = new Map<string, PersonalToken>();
  readonly people = new Map<string, SnapshotPerson>();
  /** Roles by workspace id, by user id. */
  readonly memberships = new Map<string, Map<string, WorkspaceRole>>();
  readonly ownerKeys = new Map<string, readonly SnapshotOwnerKey[]>();
  readonly prices = new PriceTable();
  readonly routing = new RoutingTable();
  readonly useCases = new UseCaseBook();
  readonly limits = new LimitTable();
  readonly policies = new PolicyIndex();
  /** Days that a workspace keeps contents, by its id; those that keep none are missing. */
  readonly capture = new Map<string, number>();
  healthSettings: HealthSettings = healthSettingsDefault;
  readonly alerting = new AlertBook();
  aiSettings: AiSettings = aiSettingsDefault;
  /** What the installation says where nobody else does; null where it says nothing. */
  aiDefaults: ConnectionSettings | null = null;
  readonly repositories = new Map<string, Repository>();
  /** By scope and id: every request asks for some, and a key that is put together costs more than all that is done with it. */
  readonly #indexes: Record<Scope, Map<string, ConnectionIndex>> = { user: new Map(), workspace: new Map(), organization: new Map() };
  readonly #repositoryIndexes = new Map<string, ConnectionIndex>();
  /** Under which hashes a key's id is found: the present one, and during a rotation the one before. */
  readonly #hashesOfKey = new Map<string, readonly string[]>();

  /** Applies a delta in one synchronous step: no request sees half of a change. */
  apply(delta: SnapshotDelta): void {
    if (delta.organizationId) this.organizationId = delta.organizationId;
    for (const { id, connection, sealed } of delta.connections) this.#putConnection(id, connection, sealed);
    for (const { hash, previousHash, key } of delta.accessKeys) this.#putAccessKey(hash, previousHash ?? null, key);
    for (const { hash, token } of delta.personalTokens) {
      // A revoked token never comes back: what is not there opens nothing.
      if (token.revokedAtMs === null) this.personalTokens.set(hash, token);
      else this.personalTokens.delete(hash);
    }
    for (const person of delta.people) this.people.set(person.userId, person);
    for (const { workspaceId, userId, role } of delta.memberships) {
      const roles = this.memberships.get(userId) ?? new Map<string, WorkspaceRole>();
      if (role) roles.set(workspaceId, role);
      else roles.delete(workspaceId);
      this.memberships.set(userId, roles);
    }
    for (const workspaceId of delta.deletedWorkspaceIds) for (const roles of this.memberships.values()) roles.delete(workspaceId);
    for (const price of delta.prices ?? []) this.prices.put(price);
    for (const { id, group } of delta.routingGroups ?? []) this.routing.put(id, group);
    for (const { policy, isDeleted } of delta.policies ?? []) this.policies.put(policy, isDeleted);
    for (const { id, useCase } of delta.useCases ?? []) this.useCases.put(id, useCase);
    this.limits.put(delta.limits ?? []);
    for (const { workspaceId, isOn, keptDays } of delta.captures ?? []) {
      if (isOn) this.capture.set(workspaceId, keptDays);
      else this.capture.delete(workspaceId);
    }
    for (const workspaceId of delta.deletedWorkspaceIds) this.capture.delete(workspaceId);
    if (delta.alerting) this.alerting.put(delta.alerting);
    if (delta.limitSettings) {
      this.limits.timeZone = delta.limitSettings.timeZone;
      this.limits.outputTokensCeiling = delta.limitSettings.outputTokensCeiling;
    }
    if (delta.healthSettings) this.healthSettings = delta.healthSettings;
    if (delta.aiSettings) {
      this.aiSettings = delta.aiSettings;
      this.aiDefaults = appliedOf(delta.aiSettings);
    }
    for (const { id, repository } of delta.repositories ?? []) {
      if (repository) this.repositories.set(id, repository);
      else this.repositories.delete(id);
      this.#repositoryIndexes.delete(id);
    }
    // An attached connection may have got another name, provider or model; which one that is is looked up when somebody asks.
    if (delta.connections.length > 0) this.#repositoryIndexes.clear();
    for (const { owner, keys } of delta.ownerKeys) this.ownerKeys.set(ownerKey(owner), keys);
    this.revision = Math.max(this.revision, delta.revision);
  }

  /** Whether a request could still come with this access key, or somebody could prolong it. */
  knowsAccessKey(id: string): boolean {
    return this.#hashesOfKey.has(id);
  }

  accessKeyById(id: string): AccessKey | undefined {
    const hash = this.#hashesOfKey.get(id)?.[0];
    return hash === undefined ? undefined : this.accessKeys.get(hash);
  }

  /** Drops access keys and tokens that expired before a moment, so that memory holds those that can matter and no others. */
  forgetExpired(beforeMs: number): void {
    for (const [hash, key] of this.accessKeys) {
      if (key.expiresAtMs === null || key.expiresAtMs >= beforeMs) continue;
      this.accessKeys.delete(hash);
      const left = (this.#hashesOfKey.get(key.id) ?? []).filter((one) => one !== hash);
      if (left.length === 0) this.#hashesOfKey.delete(key.id);
      else this.#hashesOfKey.set(key.id, left);
    }
    for (const [hash, token] of this.personalTokens)
      if (token.expiresAtMs !== null && token.expiresAtMs < beforeMs) this.personalTokens.delete(hash);
  }

  /** The owner's index, made anew after a change of one of its connections and kept until the next one. */
  indexOf(owner: Owner): ConnectionIndex {
    const ofScope = this.#indexes[owner.scope];
    let index = ofScope.get(owner.id);
    if (index === undefined) ofScope.set(owner.id, (index = new ConnectionIndex(this.connectionsOf(owner))));
    return index;
  }

  /** The connections of a repository by name, provider and model, in its own order; undefined for one that is not there. */
  repositoryIndexOf(repositoryId: string): ConnectionIndex | undefined {
    const known = this.#repositoryIndexes.get(repositoryId);
    if (known) return known;
    if (!this.repositories.has(repositoryId)) return undefined;
    const index = new ConnectionIndex(this.attachedTo(repositoryId), 'as given');
    this.#repositoryIndexes.set(repositoryId, index);
    return index;
  }

  /** The connections of a repository, in its own order. */
  attachedTo(repositoryId: string): Connection[] {
    return (this.repositories.get(repositoryId)?.connectionIds ?? []).flatMap((id) => this.connections.get(id) ?? []);
  }

  connectionsOf(owner: Owner): Iterable<Connection> {
    return this.byOwner.get(ownerKey(owner))?.values() ?? [];
  }

  /** The actor behind a user id as of now, or undefined for one who is unknown or disabled. */
  actorOf(userId: string, via: Actor['via']): Actor | undefined {
    const person = this.people.get(userId);
    return person && !person.isDisabled ? this.#actorFrom(person, via) : undefined;
  }

  /** The same of somebody who may be disabled or deleted: to take away what was theirs, and for nothing else. */
  departedActorOf(userId: string): Actor | undefined {
    const person = this.people.get(userId);
    return person && this.#actorFrom(person, 'system');
  }

  #actorFrom(person: SnapshotPerson, via: Actor['via']): Actor {
    const { userId } = person;
    return {
      userId,
      email: person.email,
      name: person.name,
      role: person.role,
      permissions: person.permissions ?? null,
      organizationId: this.organizationId,
      workspaces: this.memberships.get(userId) ?? new Map(),
      language: person.language,
      via,
    };
  }

  /** Whether an owner is a person who is unknown, disabled or deleted: nothing of theirs does anything, and nobody tells them anything. */
  isAway({ scope, id }: Owner): boolean {
    return scope === 'user' && this.people.get(id)?.isDisabled !== false;
  }

  #putAccessKey(hash: string, previousHash: string | null, key: AccessKey): void {
    for (const known of this.#hashesOfKey.get(key.id) ?? []) this.accessKeys.delete(known);
    this.#hashesOfKey.delete(key.id);
    if (key.revokedAtMs !== null) return;
    this.accessKeys.set(hash, key);
    const hashes = [hash];
    const previousUntilMs = key.previousUntilMs ?? null;
    if (previousHash !== null && previousUntilMs !== null) {
      // The key before a rotation is the same key with an earlier end: one id, so limits and budget are counted together.
      this.accessKeys.set(previousHash, { ...key, expiresAtMs: Math.min(previousUntilMs, key.expiresAtMs ?? Infinity) });
      hashes.push(previousHash);
    }
    this.#hashesOfKey.set(key.id, hashes);
  }

  #putConnection(id: string, connection: Connection | null, sealed: SealedSecrets | null): void {
    const before = this.connections.get(id);
    if (before) {
      this.byOwner.get(ownerKey(before.owner))?.delete(id);
      this.#forgetIndex(before.owner);
    }
    if (!connection) {
      this.connections.delete(id);
      this.sealed.delete(id);
      return;
    }
    this.connections.set(id, connection);
    if (sealed) this.sealed.set(id, sealed);
    else this.sealed.delete(id);
    const key = ownerKey(connection.owner);
    const siblings = this.byOwner.get(key) ?? new Map<string, Connection>();
    siblings.set(id, connection);
    this.byOwner.set(key, siblings);
    this.#forgetIndex(connection.owner);
  }

  #forgetIndex({ scope, id }: Owner): void {
    this.#indexes[scope].delete(id);
  }
}
