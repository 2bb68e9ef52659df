/** Which methods an address answers to, for the caller who came with another one. */

interface Addresses {
  add(url: string, methods: string | readonly string[]): void;
  /** In alphabetical order; none where there is no such address. @param url as it was asked, its query included */
  methodsOf(url: string): string[];
}

/** `/api/users/:id` and `/docs/*` as what they stand for. */
const formOf = (url: string): RegExp => {
  const plain = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${plain.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`);
};

/** Looks through all of them, one after the other: only an address that nothing answered is looked up here. */
export function createAddresses(): Addresses {
  const known = new Map<string, { form: RegExp; methods: Set<string> }>();
  return {
    add(url, methods) {
      const address = known.get(url) ?? { form: formOf(url), methods: new Set() };
      for (const method of [methods].flat()) address.methods.add(method);
      known.set(url, address);
    },
    methodsOf(url) {
      const path = url.split('?', 1)[0]!;
      const found = [...known.values()].filter(({ form }) => form.test(path)).flatMap(({ methods }) => [...methods]);
      return [...new Set(found)].toSorted();
    },
  };
}
