/** The shapes of `/api/admin/templates`: starting points that administrators keep for everybody. */
import { z } from 'zod';
import { providerId, revisionNumber, settingsMap } from './connections.ts';
import { template } from './providers.ts';
import { nameText, pathId, plainText } from './text.ts';

/** Settings of one template. */
export const templateSettingsMax = 100;

const fields = {
  name: nameText,
  description: plainText(0, 2000).nullish(),
  /** As a form of the provider holds them, with `model` and `baseUrl` among them; a key is refused. */
  configuration: settingsMap.refine((settings) => Object.keys(settings).length <= templateSettingsMax, {
    message: `at most ${templateSettingsMax} settings`,
  }),
  /** Takes the default away from the template that has it: a provider has one at most. */
  isDefault: z.boolean().default(false),
};

export const createTemplate = z.strictObject({ provider: providerId, ...fields });
export type CreateTemplate = z.input<typeof createTemplate>;

/** All of it: what is left out is empty afterwards. The provider stays; `revision` refuses a change that was made from an older state. */
export const replaceTemplate = z.strictObject({ ...fields, revision: revisionNumber.optional() });
export type ReplaceTemplate = z.input<typeof replaceTemplate>;

export const templateQuery = z.strictObject({ provider: providerId.optional() });
export const templateParams = z.object({ id: pathId });
export const templateAnswer = z.object({ success: z.literal(true), data: template });
