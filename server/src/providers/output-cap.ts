/** The bound that a limit or a policy sets to an answer: written into a request that is rewritten, or beside the bytes of one that is not. */
import type { ChatRequest } from '../domain/chat.ts';
import type { Change } from '../domain/ledger.ts';
import { memberValue, type Patch } from '../lib/json-scan.ts';
import type { CallRequest } from './calling.ts';
import { limitOf, limitPatch } from './limit-field.ts';
import { isRecord, type Json } from './shape.ts';

type Limits = Pick<ChatRequest, 'max_tokens' | 'max_completion_tokens'> & { thinking?: unknown };

/** The smaller of what was asked and what is allowed, and what there is to say of it. */
function bounded(parameter: string, asked: unknown, outputTokensMax: number): { capped: number; changed: Change[] } {
  const capped = typeof asked === 'number' && asked >= 0 ? Math.min(asked, outputTokensMax) : outputTokensMax;
  const what = asked === undefined || asked === null ? 'added' : 'clamped';
  return { capped, changed: capped === asked ? [] : [{ parameter, what, to: String(capped) }] };
}

/** Puts an upper bound on the output of a house request, in place, and says so; the smaller one counts where there was one already. */
export function capOutput(parsed: Limits, outputTokensMax: number): Change[] {
  const asked = parsed.max_completion_tokens ?? parsed.max_tokens;
  const isOldName = parsed.max_tokens !== undefined && parsed.max_tokens !== null;
  const { capped, changed } = bounded(isOldName ? 'max_tokens' : 'max_completion_tokens', asked, outputTokensMax);
  if (isOldName) parsed.max_tokens = capped;
  // Both names may stand there, and which one a server obeys is its choice.
  if (!isOldName || (parsed.max_completion_tokens !== undefined && parsed.max_completion_tokens !== null))
    parsed.max_completion_tokens = capped;
  const fitted = capped === asked ? null : fitThinking(parsed.thinking, asked, capped);
  if (fitted === null) return changed;
  parsed.thinking = fitted.thinking;
  return [...changed, fitted.change];
}

/** Smallest budget that vendors accept for thinking. */
export const budgetMin = 1024;

/**
 * A budget for thinking, in Claude's words, is a part of the answer's limit: a request whose cap lies below it would be refused. Null
 * where it fits, and where the caller asked for no more than it either. At least as much again is left for the answer where that is possible.
 */
export function fitThinking(thinking: unknown, asked: unknown, capped: number): { thinking: Json; change: Change } | null {
  const budget = isRecord(thinking) && thinking['type'] === 'enabled' ? thinking['budget_tokens'] : undefined;
  if (typeof budget !== 'number' || budget < capped || (typeof asked === 'number' && asked <= budget)) return null;
  if (capped <= budgetMin) return { thinking: { type: 'disabled' }, change: { parameter: 'thinking', what: 'dropped' } };
  const tokens = Math.max(budgetMin, Math.floor(capped / 2));
  const change: Change = { parameter: 'thinking.budget_tokens', what: 'clamped', to: String(tokens) };
  return { thinking: { ...(thinking as Json), budget_tokens: tokens }, change };
}

const limitNames = ['max_tokens', 'max_completion_tokens'] as const;
const cappedNames = [...limitNames, 'thinking'] as const;

/** The same for a body that goes out in its own bytes: what has to be set in it, and no more of it is read than what is bounded. */
export function capPatches({ bytes, scan, outputTokensMax }: CallRequest): { patches: Patch[]; changed: Change[] } {
  if (outputTokensMax === null) return { patches: [], changed: [] };
  const limits: Limits = {};
  for (const name of cappedNames) {
    const asked = memberValue(bytes, scan, name);
    if (asked !== undefined) limits[name] = asked as ChatRequest['max_tokens'];
  }
  const before = { ...limits };
  const changed = capOutput(limits, outputTokensMax);
  const patches: Patch[] = [];
  for (const name of cappedNames) if (limits[name] !== before[name]) patches.push({ key: name, json: JSON.stringify(limits[name]) });
  return { patches, changed };
}

/** The same for the body of another wire, which has one name for its limit. */
export function capPatchesAt(request: CallRequest, field: string): { patches: Patch[]; changed: Change[] } {
  const { bytes, scan, outputTokensMax } = request;
  if (outputTokensMax === null) return { patches: [], changed: [] };
  const asked = limitOf(request, field);
  const { capped, changed } = bounded(field, asked, outputTokensMax);
  const patches = [limitPatch(request, field, capped)];
  const fitted = capped === asked ? null : fitThinking(memberValue(bytes, scan, 'thinking'), asked, capped);
  if (fitted === null) return { patches, changed };
  return { patches: [...patches, { key: 'thinking', json: JSON.stringify(fitted.thinking) }], changed: [...changed, fitted.change] };
}

/** Whether a connection brings a limit of its own, which is to be looked at before the cap. */
export const namesLimit = (fields: Readonly<Record<string, unknown>>): boolean => limitNames.some((name) => fields[name] !== undefined);
