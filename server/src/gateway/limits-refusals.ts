/** Saying no for a limit, and keeping word of those that were reached, neared, or would have refused. */
import { limitName, limitSentence, softValueOf, type Limit, type RefusedLimit } from '../domain/limit.ts';
import { decimalUsdOf } from '../domain/money.ts';
import { refuse, type GatewayRefusal } from './errors.ts';

/** How a limit was met: people are to be told, it would have refused, it refused. */
export type LimitEvent = 'soft' | 'shadow' | 'refused';

export interface LimitNotes {
  /** A use rises from `before` to `after`: whoever of these limits has something to say about it says it. */
  used(limits: readonly Limit[], before: number, after: number): void;
  refused(error: Error): void;
}

const refusedBy = new WeakMap<Error, Limit>();

function refusal(limit: Limit, code: 'rate_limit_exceeded' | 'budget_exceeded', retryAfterS?: number): GatewayRefusal {
  const { id, subject, kind, period } = limit;
  const value = kind === 'money' ? decimalUsdOf(limit.value) : limit.value;
  const named: RefusedLimit = { name: limitName(limit), id, subject, kind, period, value };
  const error = refuse(code, { message: limitSentence(limit), limit: named, ...(retryAfterS !== undefined && { retryAfterS }) });
  refusedBy.set(error, limit);
  return error;
}

/** 429, with the time until the limit lets somebody pass. */
export const tooMany = (limit: Limit, waitMs: number): GatewayRefusal =>
  refusal(limit, 'rate_limit_exceeded', Math.max(1, Math.ceil(waitMs / 1_000)));

/** 402. */
export const usedUp = (limit: Limit): GatewayRefusal => refusal(limit, 'budget_exceeded');

const unknownRetryS = 2;
/** 503: how much is left cannot be found out at the moment, and nobody may spend what is not known to be there. */
export const unknownNow = (): GatewayRefusal => refuse('limits_unavailable', { retryAfterS: unknownRetryS });

/** The limit that a refusal comes from; undefined for every other error. */
const limitOfRefusal = (error: Error): Limit | undefined => refusedBy.get(error);

/** Hands on what happened to each limit, once per crossing; `say` must not throw. */
export function createLimitNotes(say: (limit: Limit, event: LimitEvent, used: number) => void): LimitNotes {
  return {
    used(limits, before, after) {
      for (const limit of limits) {
        const soft = softValueOf(limit);
        if (soft !== null && before < soft && after >= soft) say(limit, 'soft', after);
        if (limit.isShadow && after > limit.value) say(limit, 'shadow', after);
      }
    },
    refused(error) {
      const limit = limitOfRefusal(error);
      if (limit) say(limit, 'refused', limit.value);
    },
  };
}
