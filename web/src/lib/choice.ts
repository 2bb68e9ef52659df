/** A choice that this browser keeps and every part of the page follows, in every tab. */
import { useSyncExternalStore } from 'react';
import { recall, remember, type RememberedKey } from './storage.ts';

export interface Choice<Value extends string> {
  get: () => Value;
  set: (value: Value) => void;
  /** Renders again whenever the choice changes, here or in another tab. */
  use: () => Value;
}

/** `read` turns what is stored (null where nothing is) into a value, so that a foreign text never gets through. */
export function choiceOf<Value extends string>(
  key: RememberedKey,
  read: (stored: string | null) => Value,
  onChange: (value: Value) => void = () => undefined,
): Choice<Value> {
  let value = read(recall(key));
  const listeners = new Set<() => void>();
  onChange(value);
  const take = (next: Value): void => {
    if (next === value) return;
    value = next;
    onChange(next);
    for (const listener of listeners) listener();
  };
  addEventListener('storage', (event) => {
    if (event.key === key) take(read(event.newValue));
  });
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const get = (): Value => value;
  return {
    get,
    set(next) {
      remember(key, next);
      take(next);
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}
