/** One kind of configuration object: how it is read, told apart, made, changed and taken away. */
import type { AlertSendRoom } from '../alert-channels.ts';
import type { Passwords } from '../people/passwords.ts';
import type { Caller } from '../change.ts';
import type { LimitDeps } from '../limits.ts';
import type { RetentionControlDeps } from '../retention.ts';
import type { PriceBook } from '../../providers/prices.ts';
import type { Names } from './names.ts';

/** What the kinds are handed. */
export type ConfigurationDeps = LimitDeps &
  RetentionControlDeps &
  Pick<AlertSendRoom, 'judgeUrl'> & { prices: PriceBook; passwords: Passwords };

export interface Context {
  deps: ConfigurationDeps;
  caller: Caller;
  names: Names;
  /** Values of secret references that could be read where the file is applied. */
  secrets: ReadonlyMap<string, string>;
}

export interface Current<Spec> {
  id: string;
  spec: Spec;
}

/** A name that an object points to, and where it stands in its spec. */
export interface Reference {
  kind: 'workspaces' | 'connections' | 'repositories' | 'routingGroups' | 'alertChannels' | 'people';
  key: string;
  path: readonly (string | number)[];
  told: string;
}

export interface Kind<Spec> {
  /** Its section of the file. */
  section: string;
  /** Everything there is, in the order of the file. */
  read(context: Context): Promise<Current<Spec>[]>;
  /** What tells it from its siblings. */
  keyOf: (spec: Spec) => string;
  /** As people call it, for reports. */
  nameOf(spec: Spec): string;
  references(spec: Spec): Reference[];
  /** What differs beside the fields: `secret` and the like. @throws Refusal where something is needed that cannot be had */
  hiddenChanges?(context: Context, spec: Spec, current: Current<Spec> | null): Promise<string[]>;
  /** The spec as it is compared, where some of it says only where something is. */
  comparable?(spec: Spec): object;
  /** Where its time is over: nothing is made of it any more, and what there still is of it changes to that. */
  isOver?(context: Context, spec: Spec): boolean;
  /** What is set in a step of its own, once all objects of the kind are there. */
  laterFields?(spec: Spec): string[];
  create(context: Context, spec: Spec): Promise<unknown>;
  change(context: Context, current: Current<Spec>, spec: Spec): Promise<unknown>;
  /** Undefined where a kind cannot be taken away. */
  remove?(context: Context, current: Current<Spec>): Promise<unknown>;
}

/** In an order that no clock and no id decides, so that two exports of the same configuration are the same text. */
export const byKey =
  <Spec>(keyOf: (spec: Spec) => string) =>
  (one: Current<Spec>, other: Current<Spec>): number => {
    const [a, b] = [keyOf(one.spec), keyOf(other.spec)];
    return a < b ? -1 : a > b ? 1 : 0;
  };

/** Two things of one kind may have one name where the house allows it; the second one is told by its number. */
export function numbered<Spec>(currents: readonly Current<Spec>[], keyOf: (spec: Spec) => string): Map<string, Current<Spec>> {
  const byKeys = new Map<string, Current<Spec>>();
  for (const current of currents) {
    const key = keyOf(current.spec);
    let number = 1;
    while (byKeys.has(numberedKey(key, number))) number++;
    byKeys.set(numberedKey(key, number), current);
  }
  return byKeys;
}

export const numberedKey = (key: string, number: number): string => (number === 1 ? key : `${key} #${number}`);
