/** A test of a connection as people read it, in their language: what happened, what to look at, what to do. */
import type { TestResult } from '@patchbay/contract/connections';
import { translate, type Language } from '@patchbay/contract/translate';
import { hintOf } from '../providers/hints.ts';
import { providerRow } from '../providers/catalog.ts';
import type { TestOutcome } from './connection-test.ts';

/** Texts for a fault. Their placeholders say no more than the caller knows already. */
function textsOf(outcome: TestOutcome, language: Language): { message: string; hint: string | null } {
  const { test } = outcome;
  if (test.isSuccess) return { message: translate(language, 'connections.testSucceeded', { latencyMs: test.latencyMs }), hint: null };
  if (test.fault === null) return { message: translate(language, 'connections.testFailed'), hint: null };
  const { issue, check, resolution } = hintOf(test.fault);
  const provider = providerRow(outcome.providerId);
  const values = {
    provider: provider?.name ?? outcome.providerId,
    model: test.model ?? '',
    status: test.vendorStatus ?? '',
    entry: outcome.egressEntry ?? '',
    keyPage: provider?.keyPage ?? '',
  };
  const say = (key: string): string => translate(language, key, values);
  return { message: say(issue), hint: `${say(check)} ${say(resolution)}` };
}

/** The result of a test in S2's words (contracts 7.3). */
export function testView(outcome: TestOutcome, language: Language): TestResult {
  const { test } = outcome;
  return {
    success: test.isSuccess,
    status: test.isSuccess ? 'success' : 'failed',
    latencyMs: test.latencyMs,
    model: test.model,
    modelsFound: test.modelsFound,
    errorCode: test.isSuccess ? null : test.fault === null ? 'UNKNOWN' : hintOf(test.fault).errorCode,
    ...textsOf(outcome, language),
    providerMessage: outcome.vendorMessage,
    providerStatus: test.vendorStatus,
    proposedBaseUrl: test.proposedBaseUrl,
    egressEntry: outcome.egressEntry,
    steps: test.steps,
    testedAt: new Date(outcome.testedAtMs).toISOString(),
    cached: outcome.isCached,
  };
}
