/** What all sections of the configuration file have in common: owners, names of connections, and references in the place of secrets. */
import { isPlain, nameText, plainFault } from '@patchbay/contract/text';
import { z } from 'zod';

/** `organization`, `workspace:<name>` or `user:<e-mail>`. */
export const ownerText = z
  .string()
  .max(400)
  .refine((text) => text === 'organization' || /^(?:workspace|user):./.test(text), {
    message: 'expected organization, workspace:<name> or user:<e-mail>',
  })
  .refine(isPlain, plainFault);

/** Where a secret is when the file is applied: a variable of the environment, or a file. Never the secret. */
export const secretReference = z
  .string()
  .max(1_000)
  .regex(/^(?:env:[A-Za-z_][A-Za-z0-9_]{0,199}|file:.+)$/, {
    message: 'expected env:NAME or file:/path; a secret itself never stands here',
  });

export const connectionName = z.strictObject({ owner: ownerText.default('organization'), name: nameText });
