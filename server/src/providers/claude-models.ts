/** What the Claude models are able to do, read from their ids: at their maker's own address and at everybody else who serves them. */
import type { Change } from '../domain/ledger.ts';
import { budgetMin } from './output-cap.ts';
import { isRecord, member, type Json } from './shape.ts';

/** What a model of this maker is able to do, read from its id. */
export interface ModelTraits {
  /** Thinking with a token budget. */
  hasBudget: boolean;
  /** Thinking that the model doses itself, with an effort. */
  isAdaptive: boolean;
  /** An effort above `high`. */
  hasExtraEffort: boolean;
  /** Refuses temperature other than 1, and top_k, whatever the version. */
  refusesSampling: boolean;
  /** Refuses temperature and top_p together. */
  refusesBoth: boolean;
  hasOutputFormat: boolean;
}

/** `claude-sonnet-4-5-20250929` is 4.5; `claude-3-7-sonnet-latest` is 3.7; `claude-sonnet-4-20250514` is 4.0. Unknown names count as current. */
function generationOf(model: string): { family: string; major: number; minor: number } {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const older = /^claude-(\d)(?:-(\d))?-([a-z]+)/.exec(name);
  if (older) return { family: older[3] ?? '', major: Number(older[1]), minor: Number(older[2] ?? 0) };
  const newer = /^claude-([a-z]+)-(\d{1,2})(?:[-.](\d{1,2}))?(?![\d])/.exec(name);
  if (newer) return { family: newer[1] ?? '', major: Number(newer[2]), minor: Number(newer[3] ?? 0) };
  if (/^claude-(v?[12]|instant)/.test(name)) return { family: '', major: 2, minor: 0 };
  return { family: '', major: 4, minor: 5 };
}

export function traitsOf(model: string): ModelTraits {
  const { family, major, minor } = generationOf(model);
  const from = (wantedMajor: number, wantedMinor: number): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return {
    hasBudget: from(3, 7) && !from(4, 6),
    isAdaptive: from(4, 6),
    hasExtraEffort: from(4, 7),
    refusesSampling: from(4, 7),
    refusesBoth: from(4, 1),
    hasOutputFormat: from(4, 5) || (family === 'opus' && from(4, 1)),
  };
}

const budgetOf: Readonly<Record<string, number>> = { minimal: 1024, low: 2048, medium: 8192, high: 16_384, xhigh: 32_000, max: 32_000 };

/**
 * Writes `thinking`, and the effort beside it, for a `reasoning_effort`: as the model has it, dosed by itself, by a budget, or
 * not at all. What the caller said in Claude's own words stays; an effort that only the connection says (`isDefault`) is not missed
 * then. `limit` is the answer's own limit, of which a budget is a part.
 */
export function putThinking(
  effort: unknown,
  body: Json,
  traits: ModelTraits,
  { limit, isForced, isDefault }: { limit: number; isForced: boolean; isDefault: boolean },
  changed: Change[],
): void {
  if (effort === undefined || effort === null) return;
  if (body['thinking'] !== undefined) {
    if (!isDefault && member(body['output_config'], 'effort') !== effort) changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
    return;
  }
  if (effort === 'none') {
    if (traits.isAdaptive) body['thinking'] = { type: 'disabled' };
    return;
  }
  const budget = typeof effort === 'string' && Object.hasOwn(budgetOf, effort) ? budgetOf[effort] : undefined;
  const isPossible =
    !isForced && typeof effort === 'string' && budget !== undefined && (traits.isAdaptive || (traits.hasBudget && limit > budgetMin));
  if (!isPossible) {
    changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
    return;
  }
  if (traits.isAdaptive) {
    const named = effort === 'minimal' ? 'low' : effort === 'xhigh' && !traits.hasExtraEffort ? 'high' : effort;
    const config = isRecord(body['output_config']) ? body['output_config'] : {};
    body['thinking'] = { type: 'adaptive' };
    body['output_config'] = { ...config, effort: named };
    changed.push({
      parameter: 'reasoning_effort',
      what: named === effort ? 'renamed' : 'approximated',
      to: `output_config.effort=${named}`,
    });
    return;
  }
  // The budget is part of the limit: at least as much again is left for the answer where that is possible.
  const tokens = Math.max(budgetMin, Math.min(budget, Math.floor(limit / 2)));
  body['thinking'] = { type: 'enabled', budget_tokens: tokens };
  changed.push({ parameter: 'reasoning_effort', what: 'approximated', to: `thinking.budget_tokens=${tokens}` });
}
