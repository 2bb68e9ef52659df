/** What every question about usage may be narrowed to: ranges, zones, and lists of values of which any may fit. */
import { z } from 'zod';
import { plainText, uuidText } from './text.ts';

export const usagePeriods = ['24h', '7d', '30d', '90d', 'all'] as const;

export const usageRangeFields = {
  /** Instead of `from` and `to`: 24h, 7d, 30d, 90d or all. */
  period: z.enum(usagePeriods).optional(),
  /** A date of the zone, or a point in time. */
  from: z.string().max(40).optional(),
  to: z.string().max(40).optional(),
  /** IANA time zone whose days are meant; UTC without it. */
  tz: plainText(0, 64).optional(),
};

/** Values of one filter. */
const valuesMax = 100;

/** A name that is repeated, `model=a&model=b`: any of the values fits. */
const several = <T extends z.ZodType<string>>(one: T) =>
  z
    .union([one, z.array(one).min(1).max(valuesMax)])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .optional();

/** An id, or `none` for what belongs to none. */
const idOrNone = z.union([uuidText, z.literal('none')]);

export const usagePurposes = ['completion', 'chat', 'probe', 'models', 'health', 'judge'] as const;

export const usageFilterFields = {
  connectionId: several(idOrNone),
  provider: several(plainText(1, 100)),
  model: several(plainText(0, 255)),
  keyId: several(idOrNone),
  userId: several(idOrNone),
  workspaceId: several(idOrNone),
  repositoryId: several(idOrNone),
  useCaseId: several(idOrNone),
  purpose: several(z.enum(usagePurposes)),
};

/** By what usage can be grouped. */
export const usageDimensions = [
  'connection',
  'provider',
  'model',
  'key',
  'user',
  'workspace',
  'repository',
  'use-case',
  'purpose',
] as const;
export const usageBuckets = ['hour', 'day', 'week', 'month'] as const;
