/** Where a body of some wire says how long its answer may be: in a member of its own, or in a member of one. */
import { memberValue, type Patch } from '../lib/json-scan.ts';
import type { CallRequest } from './calling.ts';
import { exactMember, isRecord, member } from './shape.ts';

/** What is said there; undefined for nothing, and for the numbers below one by which a nested member says "without an end". */
export function limitIn(field: string, valueOf: (name: string) => unknown): unknown {
  const dot = field.indexOf('.');
  if (dot < 0) return valueOf(field);
  const value = member(valueOf(field.slice(0, dot)), field.slice(dot + 1));
  return typeof value === 'number' && value <= 0 ? undefined : value;
}

export const limitOf = ({ bytes, scan }: Pick<CallRequest, 'bytes' | 'scan'>, field: string): unknown =>
  limitIn(field, (name) => memberValue(bytes, scan, name));

/** The change of a body that puts a limit there. */
export function limitPatch({ bytes, scan }: Pick<CallRequest, 'bytes' | 'scan'>, field: string, limit: number): Patch {
  const dot = field.indexOf('.');
  if (dot < 0) return { key: field, json: String(limit) };
  const key = field.slice(0, dot);
  const holder = exactMember(bytes, scan, key);
  return { key, json: JSON.stringify({ ...(isRecord(holder) ? holder : {}), [field.slice(dot + 1)]: limit }) };
}
