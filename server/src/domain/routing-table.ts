/** The routing groups in memory, by owner and name, so that no request looks at all of them. */
import { ownerKey, type Owner } from './owner.ts';
import { groupKeyOf, type RoutingGroup } from './routing-group.ts';

export class RoutingTable {
  readonly #byId = new Map<string, RoutingGroup>();
  readonly #byOwner = new Map<string, Map<string, RoutingGroup>>();

  /** 0 lets a request that names no group pay nothing for those who do. */
  get size(): number {
    return this.#byId.size;
  }

  put(id: string, group: RoutingGroup | null): void {
    const before = this.#byId.get(id);
    if (before) this.#letGoOfName(before);
    this.#byId.delete(id);
    if (!group) return;
    this.#byId.set(id, group);
    const key = ownerKey(group.owner);
    const siblings = this.#byOwner.get(key) ?? new Map<string, RoutingGroup>();
    siblings.set(groupKeyOf(group.name), group);
    this.#byOwner.set(key, siblings);
  }

  /** Another group may have taken the name by now: of one delta the younger change comes last, whatever came before it. */
  #letGoOfName({ id, owner, name }: RoutingGroup): void {
    const siblings = this.#byOwner.get(ownerKey(owner));
    const key = groupKeyOf(name);
    if (siblings?.get(key)?.id === id) siblings.delete(key);
  }

  byId(id: string): RoutingGroup | undefined {
    return this.#byId.get(id);
  }

  /** The nearest owner's group of this name; `owners` are nearest first. */
  named(owners: readonly Owner[], name: string): RoutingGroup | undefined {
    if (this.#byId.size === 0) return undefined;
    const key = groupKeyOf(name);
    for (const owner of owners) {
      const group = this.#byOwner.get(ownerKey(owner))?.get(key);
      if (group) return group;
    }
    return undefined;
  }

  of(owner: Owner): Iterable<RoutingGroup> {
    return this.#byOwner.get(ownerKey(owner))?.values() ?? [];
  }

  values(): Iterable<RoutingGroup> {
    return this.#byId.values();
  }
}
