/** Connections for whoever keeps the installation: all of them with masked keys (D-43), and live tests from the terminal. */
import { maskOf, type Connection } from '../domain/connection.ts';
import { ownerKey, type Owner } from '../domain/owner.ts';
import { Refusal, unfit } from '../domain/errors.ts';
import type { Caller } from './change.ts';
import { testSaved } from './connection-test.ts';
import type { ControlDeps } from './deps.ts';
import { ownerNames } from './operator-names.ts';

export interface ListedConnection {
  id: string;
  name: string;
  provider: string;
  model: string | null;
  baseUrl: string;
  /** `***1234`; null where there is none. */
  key: string | null;
  owner: string;
  isActive: boolean;
  isDefault: boolean;
  testStatus: string | null;
}

/** Every connection of every owner by name, without its secrets. */
export async function listForOperator(deps: ControlDeps): Promise<{ connections: ListedConnection[]; hasDefault: boolean }> {
  const all = [...deps.keeper.snapshot.connections.values()];
  const names = await ownerNames(deps);
  const connections = sorted(all).map((connection): ListedConnection => ({
    id: connection.id,
    name: connection.name,
    provider: connection.providerId,
    model: connection.model,
    baseUrl: connection.baseUrl ?? connection.origin,
    key: maskOf(connection),
    owner: names.get(ownerKey(connection.owner)) ?? ownerKey(connection.owner),
    isActive: connection.isActive,
    isDefault: connection.isDefault,
    testStatus: connection.testStatus,
  }));
  return { connections, hasDefault: all.some((one) => one.isDefault && one.owner.scope === 'organization') };
}

const sorted = (connections: readonly Connection[]): Connection[] =>
  connections.toSorted((one, other) => one.name.localeCompare(other.name) || (one.id < other.id ? -1 : 1));

export interface TestedConnection {
  id: string;
  name: string;
  isSuccess: boolean;
  latencyMs: number;
  /** The class of what failed; null for a success. */
  fault: string | null;
  /** What the provider said, scrubbed. */
  message: string | null;
}

/**
 * Tests the connection of this name or id, or every active one, each as its owner would: a private connection is its owner's to call, and
 * that of somebody who is disabled nobody's.
 * @throws Refusal NOT_FOUND where none has the name
 */
export async function testForOperator(
  deps: ControlDeps,
  caller: Caller,
  which: string | null,
  say: (line: string) => void,
): Promise<TestedConnection[]> {
  const all = sorted([...deps.keeper.snapshot.connections.values()]);
  const chosen =
    which === null
      ? all.filter(({ isActive, owner }) => isActive && !deps.keeper.snapshot.isAway(owner))
      : all.filter(({ id, name }) => id === which || sameName(name, which));
  if (which !== null && chosen.length === 0) throw new Refusal('NOT_FOUND');
  const tested: TestedConnection[] = [];
  for (const connection of chosen) {
    const { test, vendorMessage } = await testSaved(deps, actingFor(deps, caller, connection.owner), connection.id, {
      maxAgeS: null,
      isBulk: true,
    });
    const { isSuccess, latencyMs, fault } = test;
    tested.push({ id: connection.id, name: connection.name, isSuccess, latencyMs, fault, message: vendorMessage });
    say(`${isSuccess ? 'works' : 'fails'}  ${connection.name}  ${isSuccess ? `${latencyMs} ms` : (fault ?? 'unknown')}`);
  }
  return tested;
}

const sameName = (name: string, which: string): boolean => name.normalize('NFKC').toLowerCase() === which.normalize('NFKC').toLowerCase();

/**
 * Private things are made, changed and called in their owner's name: nobody else may, an administrator neither (C-13).
 * @throws Refusal VALIDATION_ERROR for an owner who is disabled or gone: what would be theirs must not become somebody else's
 */
export function actingFor(deps: Pick<ControlDeps, 'keeper'>, caller: Caller, owner: Owner): Caller {
  if (owner.scope !== 'user') return caller;
  const actor = deps.keeper.snapshot.actorOf(owner.id, 'system');
  if (!actor) throw unfit({ path: 'owner', code: 'away', message: ownerAway });
  return { ...caller, actor };
}

/** What is said of an owner who can have nothing made or changed. */
export const ownerAway = 'is disabled or gone';

/** Private things are taken away in their owner's name, too, and that goes on where the owner is disabled or gone. */
export function removingFor(deps: Pick<ControlDeps, 'keeper'>, caller: Caller, owner: Owner): Caller {
  const actor = owner.scope === 'user' ? deps.keeper.snapshot.departedActorOf(owner.id) : undefined;
  return actor ? { ...caller, actor } : caller;
}
