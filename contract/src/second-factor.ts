/** The shapes of the second factor: a code from an authenticator app (RFC 6238), and recovery codes for the day it is lost. */
import { z } from 'zod';
import { passwordCharsMax } from './people.ts';
import { plainText } from './text.ts';

export const codeDigits = 6;

/** Spaces are how apps show a code, and how people write it down. */
const totpCode = z
  .string()
  .max(20)
  .transform((text) => text.replaceAll(/\s/g, ''))
  .pipe(z.string().regex(/^\d{6}$/, `${codeDigits} digits`));
const recoveryCode = plainText(1, 40).transform((text) => text.trim());

/** The second step of a sign-in: the code, or one of the recovery codes, which is used up by it. */
export const secondStepBody = z
  .strictObject({ code: totpCode.optional(), recoveryCode: recoveryCode.optional() })
  .refine((body) => (body.code === undefined) !== (body.recoveryCode === undefined), {
    path: ['code'],
    message: 'either code or recoveryCode',
  });

export const passwordBody = z.strictObject({ password: z.string().min(1).max(passwordCharsMax) });
export const confirmBody = z.strictObject({ code: totpCode });

const recoveryCodes = z.array(z.string());
/** The only answer that ever holds the secret. `uri` is what the square code says. */
export const factorBegun = z.object({
  success: z.literal(true),
  data: z.object({ uri: z.string(), secret: z.string(), recoveryCodes }),
});
export const recoveryCodesAnswer = z.object({ success: z.literal(true), data: z.object({ recoveryCodes }) });
