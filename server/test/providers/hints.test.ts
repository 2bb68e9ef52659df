/** Every fault tells its reader what happened, what to check and what to do. */
import { expect, test } from 'vitest';
import { testErrorCode } from '@patchbay/contract/connections';
import { translate } from '@patchbay/contract/translate';
import type { Fault } from '../../src/domain/errors.ts';
import { catalog } from '../../src/providers/catalog.ts';
import { hintOf, isSettingsFault } from '../../src/providers/hints.ts';
import { schemaOf } from '../../src/providers/schemas.ts';

const cases = [
  ['auth', 'AUTH', 'unauthorized', true],
  ['endpoint_not_found', 'NOT_FOUND_URL', 'connectionFailed', true],
  ['unreachable', 'NETWORK', 'connectionFailed', false],
  ['dns', 'NETWORK', 'connectionFailed', false],
  ['connection_lost', 'NETWORK', 'connectionFailed', false],
  ['tls', 'NETWORK', 'tls', true],
  ['redirect', 'NOT_FOUND_URL', 'redirect', true],
  ['blocked', 'EGRESS_BLOCKED', 'blocked', true],
  ['model_not_found', 'MODEL_NOT_FOUND', 'modelNotFound', true],
  ['connect_timeout', 'TIMEOUT', 'timeout', false],
  ['headers_timeout', 'TIMEOUT', 'timeout', false],
  ['stalled', 'TIMEOUT', 'timeout', false],
  ['total_timeout', 'TIMEOUT', 'timeout', false],
  ['request_timeout', 'TIMEOUT', 'timeout', false],
  ['rate_limited', 'RATE_LIMITED', 'rateLimited', false],
  ['quota_exhausted', 'RATE_LIMITED', 'quotaExhausted', false],
  ['overloaded', 'UNKNOWN', 'providerUnavailable', false],
  ['server_error', 'UNKNOWN', 'providerUnavailable', false],
  ['conflict', 'UNKNOWN', 'providerUnavailable', false],
  ['protocol', 'INVALID_RESPONSE', 'invalidResponse', false],
  ['invalid_response', 'INVALID_RESPONSE', 'invalidResponse', false],
  ['too_large', 'INVALID_RESPONSE', 'invalidResponse', false],
  ['context_length', 'UNKNOWN', 'badRequest', false],
  ['bad_request', 'UNKNOWN', 'badRequest', false],
  ['secret_unreadable', 'SECRET_UNREADABLE', 'secretUnreadable', true],
  ['caller_gone', 'UNKNOWN', 'unknown', false],
] as const satisfies readonly (readonly [Fault, string, string, boolean])[];
const faults = cases.map(([fault]) => fault);

test.each(cases)('%s is %s and hints.%s', (fault, errorCode, name, needsSettings) => {
  expect(hintOf(fault)).toEqual({
    errorCode,
    issue: `hints.${name}.issue`,
    check: `hints.${name}.check`,
    resolution: `hints.${name}.resolution`,
  });
  expect(testErrorCode.options).toContain(errorCode);
  expect(isSettingsFault(fault)).toBe(needsSettings);
});

test.each(['en', 'id'] as const)('every key of a hint and of a form has its text in %s', (language) => {
  const keys = new Set<string>();
  for (const fault of faults) for (const key of [hintOf(fault).issue, hintOf(fault).check, hintOf(fault).resolution]) keys.add(key);
  for (const row of catalog)
    for (const field of schemaOf(row).fields) {
      keys.add(field.label);
      if (field.hint) keys.add(field.hint);
      for (const option of field.options ?? []) if (option.label !== option.value) keys.add(option.label);
    }
  const missing = [...keys].filter((key) => translate(language, key) === key || translate(language, key) === '');
  expect(keys.size).toBeGreaterThan(80);
  expect(missing).toEqual([]);
});

test('the words of the documents are said (R-036 to R-039)', () => {
  const said = (language: 'en' | 'id', fault: Fault): string[] =>
    [hintOf(fault).issue, hintOf(fault).check, hintOf(fault).resolution].map((key) => translate(language, key));
  expect(said('en', 'endpoint_not_found').join(' ')).toMatch(/^Connection Failed .*API URL.*\/v1 or \/chat\/completions/);
  expect(said('id', 'unreachable').join(' ')).toMatch(/^Gagal Terhubung .*URL API.*\/v1 atau \/chat\/completions/);
  expect(said('en', 'auth').join(' ')).toMatch(/^401 Unauthorized .*API Key.*invalid or expired/);
  expect(said('id', 'auth').join(' ')).toMatch(/^401 Unauthorized .*Kunci API.*salah atau kedaluwarsa/);
  expect(said('en', 'model_not_found').join(' ')).toMatch(/^Model Not Found .*Model Variant.*gpt-4 .*gpt-4o/);
  expect(said('id', 'model_not_found').join(' ')).toMatch(/^Model Tidak Ditemukan .*Varian Model.*gpt-4 .*gpt-4o/);
  expect(said('en', 'headers_timeout').join(' ')).toMatch(/^Timeout .*network.*firewall and proxy/);
  expect(said('id', 'headers_timeout').join(' ')).toMatch(/^Timeout\/Lambat .*jaringan.*firewall dan proxy/);
});

test.each([
  ['en', 'auth', /format.*permissions/],
  ['id', 'auth', /format.*izin/],
  ['en', 'connect_timeout', /network.*status of the provider/],
  ['id', 'connect_timeout', /jaringan.*status penyedia/],
  ['en', 'model_not_found', /availability.*quota/],
  ['id', 'model_not_found', /ketersediaan.*kuota/],
] as const)('in %s a fault of %s says what to look at (R-196 to R-198)', (language, fault, said) => {
  const { check, resolution } = hintOf(fault);
  expect(`${translate(language, check)} ${translate(language, resolution)}`).toMatch(said);
});
