/** How the control plane says no: one body for every face, in the caller's language, with nothing of the inside in it. */
import type { ErrorBody, ErrorCode } from '@patchbay/contract/errors';
import { translate, type Language } from '@patchbay/contract/translate';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Refusal, type FieldFault } from '../../domain/errors.ts';
import { StorageBusy, StorageUnavailable, UnfitParameter } from '../../storage/errors.ts';
import type { Dialect } from './route.ts';

export interface ErrorAnswer {
  status: number;
  body: ErrorBody;
  retryAfterS: number | null;
  /** TRUE for what is our fault: it goes to the log with its cause. */
  isOurs: boolean;
}

/** S3's face says two things with other statuses than the rest of the house (C-08, C-30). */
const aiLlmStatus: Partial<Record<ErrorCode, number>> = { CONFIGURATION_IN_USE: 403, REPOSITORY_IN_USE: 403, NAME_EXISTS: 400 };

/** Any thrown thing as an answer. What is not a Refusal leaves as a bare 500 with a request id. */
export function errorAnswer(error: unknown, options: { language: Language; requestId: string; dialect: Dialect }): ErrorAnswer {
  const refusal = asRefusal(error);
  const status = (options.dialect === 'ai-llm' ? aiLlmStatus[refusal.code] : undefined) ?? refusal.status;
  const message = translate(options.language, `errors.${refusal.code}`, refusal.values);
  return {
    status,
    retryAfterS: refusal.retryAfterS,
    isOurs: status >= 500 && refusal.code === 'INTERNAL',
    body: {
      success: false,
      error: message,
      message,
      error_code: refusal.code,
      ...(refusal.details === undefined ? {} : { details: refusal.details }),
      request_id: options.requestId,
    },
  };
}

/** Fastify's own refusals, by their stable codes. */
const fastifyCodes: ReadonlyMap<string, () => Refusal> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', () => new Refusal('BODY_TOO_LARGE', { values: { limit: '1 MiB' } })],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', () => new Refusal('UNSUPPORTED_MEDIA_TYPE')],
  ['FST_ERR_CTP_INVALID_JSON_BODY', () => new Refusal('MALFORMED_JSON')],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', () => new Refusal('MALFORMED_JSON')],
]);

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (hasZodFastifySchemaValidationErrors(error))
    return invalid(error.validation.flatMap((fault) => fieldFaults(fault as unknown as ZodFault)));
  if (error instanceof StorageUnavailable || error instanceof StorageBusy)
    return new Refusal('STORAGE_UNAVAILABLE', { retryAfterS: 2, cause: error });
  // The one character that no text of the house may have (PostgreSQL keeps none); it can only have come with the request.
  if (error instanceof UnfitParameter && error.isNulCharacter)
    return invalid([{ path: '', code: 'invalid_character', message: 'U+0000 cannot stand in a text' }]);
  const code = (error as { code?: unknown } | null)?.code;
  const known = typeof code === 'string' ? fastifyCodes.get(code) : undefined;
  if (known) return known();
  if (error instanceof SyntaxError && (error as { statusCode?: number }).statusCode === 400) return new Refusal('MALFORMED_JSON');
  return new Refusal('INTERNAL', { cause: error });
}

/** A refusal for fields that do not fit; `details` names each by its path. */
export const invalid = (faults: readonly FieldFault[]): Refusal =>
  new Refusal('VALIDATION_ERROR', { values: { count: faults.length }, details: faults });

interface ZodFault {
  /** `/configuration/temperature`. */
  instancePath: string;
  /** zod's code of the issue. */
  keyword: string;
  message?: string;
  params?: { keys?: unknown };
}

function fieldFaults(fault: ZodFault): FieldFault[] {
  const path = fault.instancePath.split('/').filter(Boolean).join('.');
  const keys = fault.params?.keys;
  const at = (place: string): FieldFault => ({ path: place, code: fault.keyword, message: fault.message ?? '' });
  // An unknown field is reported at its own path, so that a form or a client can point at it.
  if (fault.keyword !== 'unrecognized_keys' || !Array.isArray(keys)) return [at(path)];
  return keys.map((key) => at(path === '' ? String(key) : `${path}.${String(key)}`));
}
