/** Dense numbers for streamed tool calls, whatever numbers or none the vendor gave them (E17 of the fault matrix). */

export interface ToolIndexes {
  /** The number of the call that a piece belongs to: 0, 1, 2 ... in order of appearance. */
  of(vendorIndex: number | undefined, id: string | undefined): number;
}

/** One numbering per choice of one answer. */
export function createToolIndexes(): ToolIndexes {
  const byId = new Map<string, number>();
  const byVendorIndex = new Map<number, number>();
  const idOf: (string | undefined)[] = [];
  const add = (id: string | undefined): number => {
    const index = idOf.push(id) - 1;
    if (id) byId.set(id, index);
    return index;
  };
  return {
    of(vendorIndex, id) {
      if (id) {
        const known = byId.get(id);
        // The same id under a second number is a second call: some servers repeat ids.
        if (known !== undefined && (vendorIndex === undefined || byVendorIndex.get(vendorIndex) === known)) return known;
      }
      const atIndex = vendorIndex === undefined ? undefined : byVendorIndex.get(vendorIndex);
      // A number that is taken belongs to its first id; another id under it is a new call (servers that number all of them 0).
      if (atIndex !== undefined && (!id || idOf[atIndex] === undefined || idOf[atIndex] === id)) {
        if (id && idOf[atIndex] === undefined) {
          idOf[atIndex] = id;
          byId.set(id, atIndex);
        }
        return atIndex;
      }
      if (vendorIndex === undefined && !id && idOf.length > 0) return idOf.length - 1;
      const index = add(id);
      if (vendorIndex !== undefined) byVendorIndex.set(vendorIndex, index);
      return index;
    },
  };
}
