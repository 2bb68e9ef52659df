/** Live tests of connections, saved or not yet (C-09, C-10, D-29). A test notes what it found and changes nothing else. */
import type { Connection } from '../domain/connection.ts';
import type { Fault } from '../domain/errors.ts';
import { isoOf } from '../lib/iso-time.ts';
import { Secret } from '../lib/secret.ts';
import { addTestSteps } from '../storage/connection-tests.ts';
import { recordTestStep, type StoredConnection } from '../storage/connections.ts';
import { writeAudit } from '../storage/changes.ts';
import { isAdministrator } from '../domain/owner.ts';
import { auditEntry, type Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { settle, type ConnectionInput, type FieldWords, type Settled } from './connection-input.ts';
import { withinTestLimit } from './connection-test-limit.ts';
import { catchUp, deedOn, noting } from './connections.ts';
import { savedTargetOf, type ProbeCaller, type ProbeResult, type ProbeStep, type ProbeTarget } from '../domain/probe.ts';
import type { ControlDeps } from './deps.ts';
import { noChanges, type SecretChanges } from './secrets.ts';

/** A test as it is kept: nothing secret, nothing that the provider said in its own words. */
export interface KeptTest {
  isSuccess: boolean;
  fault: Fault | null;
  vendorStatus: number | null;
  latencyMs: number;
  model: string | null;
  modelsFound: number | null;
  steps: ProbeStep[];
  proposedBaseUrl: string | null;
  egressEntry: string | null;
}

export interface TestOutcome {
  providerId: string;
  test: KeptTest;
  /** Only for people who may change the connection. */
  vendorMessage: string | null;
  /** Only for administrators: it names an address of the inner network. */
  egressEntry: string | null;
  testedAtMs: number;
  isCached: boolean;
}

export const probeCallerOf = (caller: Caller, connection: Pick<Connection, 'owner'> | null): ProbeCaller => ({
  userId: caller.actor.userId,
  workspaceId: connection?.owner.scope === 'workspace' ? connection.owner.id : null,
  requestId: caller.origin.requestId,
});

export const savedTarget = ({ connection, sealed }: StoredConnection): ProbeTarget => savedTargetOf(connection, sealed);

/**
 * Tests a saved connection. With `maxAgeS` a result that is not older is answered again (C-27).
 * @throws Refusal NOT_FOUND, FORBIDDEN, RATE_LIMITED; never for what the provider does
 */
export async function testSaved(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  options: { maxAgeS: number | null; /** Part of a test of many, which has a limit of its own. */ isBulk?: boolean },
): Promise<TestOutcome> {
  const found = await findFor(deps, caller, id, 'use', 'connection.test');
  const { connection } = found;
  const kept = options.maxAgeS === null ? null : keptTest(found);
  if (kept && connection.lastTestedAtMs !== null && connection.lastTestedAtMs >= deps.clock.nowMs() - (options.maxAgeS ?? 0) * 1000) {
    return outcome(caller, connection.providerId, kept, { vendorMessage: null, testedAtMs: connection.lastTestedAtMs, isCached: true });
  }
  // The gateway opens the secret from its snapshot, so that must know this revision of the row.
  if (deps.keeper.snapshot.connections.get(id)?.revision !== connection.revision) await catchUp(deps);
  const probing = () => deps.probe.test(savedTarget(found), probeCallerOf(caller, connection));
  const result = options.isBulk === true ? await probing() : await withinTestLimit(deps, caller.actor.userId, probing);
  const testedAtMs = deps.clock.nowMs();
  const test = keptOf(result);
  const status = test.isSuccess ? ('success' as const) : ('failed' as const);
  const entry = auditEntry(deps, caller, deedOn('connection.test', connection), test.isSuccess ? 'success' : 'failed', test.fault);
  const resultJson = JSON.stringify(test);
  await writeAudit(deps.database, entry, [
    recordTestStep(deps.database, found, { atMs: testedAtMs, status, resultJson }),
    ...addTestSteps(deps.database, { id: deps.ids.uuid(), connectionId: id, atMs: testedAtMs, userId: caller.actor.userId, resultJson }),
  ]);
  deps.events?.publish({
    name: 'connection.status',
    data: { id, status, latencyMs: test.latencyMs, testedAt: isoOf(testedAtMs) },
    audience: { owners: [connection.owner] },
  });
  return outcome(caller, connection.providerId, test, {
    vendorMessage: found.canManage ? result.vendorMessage : null,
    testedAtMs,
    isCached: false,
  });
}

/** Tests settings that are not saved. With an id, what is not entered comes from that connection, secrets for the same destination alone. */
export async function testUnsaved(
  deps: ControlDeps,
  caller: Caller,
  id: string | null,
  input: ConnectionInput,
  words: FieldWords,
): Promise<TestOutcome> {
  const stored = id === null ? null : await findFor(deps, caller, id, 'manage', 'connection.test');
  const settling = (): Promise<Settled> => settle(deps, caller.actor, input, stored, words);
  const settled = stored ? await noting(deps, caller, stored.connection, settling, 'connection.test') : await settling();
  return testSettled(deps, caller, stored, settled);
}

/** The settled settings as a target: what was typed travels as it is, what was kept is opened where the call is made. */
export function settledTarget(stored: StoredConnection | null, settled: Settled): ProbeTarget {
  const { values, changes } = settled;
  const sourceOf = (change: SecretChanges['secret'], box: string | null | undefined): ProbeTarget['secret'] => {
    if (change.kind === 'set') return new Secret(change.text);
    return change.kind === 'keep' && box ? 'stored' : null;
  };
  const secret = sourceOf(changes.secret, stored?.sealed.secret);
  const headers = sourceOf(changes.headers, stored?.sealed.headers);
  return {
    connectionId: stored?.connection.id ?? null,
    providerId: values.providerId,
    baseUrl: values.baseUrl,
    origin: values.origin,
    model: values.model,
    settings: values.settings,
    trust: values.trust,
    secret,
    accessKeyId: sourceOf(changes.accessKeyId, stored?.sealed.accessKeyId),
    headers,
  };
}

export async function testSettled(
  deps: ControlDeps,
  caller: Caller,
  stored: StoredConnection | null,
  settled: Settled,
): Promise<TestOutcome> {
  const target = settledTarget(stored, settled);
  const result = await withinTestLimit(deps, caller.actor.userId, () =>
    deps.probe.test(target, probeCallerOf(caller, stored?.connection ?? null)),
  );
  const test = keptOf(result);
  const subject = { id: stored?.connection.id ?? null, name: settled.values.name || null, owner: stored?.connection.owner ?? null };
  const deed = {
    action: 'connection.test',
    subjectType: 'connection',
    subjectId: subject.id,
    subjectName: subject.name,
    owner: subject.owner,
  };
  await writeAudit(deps.database, auditEntry(deps, caller, deed, test.isSuccess ? 'success' : 'failed', test.fault));
  return outcome(caller, settled.values.providerId, test, {
    vendorMessage: result.vendorMessage,
    testedAtMs: deps.clock.nowMs(),
    isCached: false,
  });
}

/** A new key against the stored settings, before it replaces the old one (C-11). */
export const withNewSecret = (stored: StoredConnection, text: string): Settled => {
  const { connection } = stored;
  return {
    values: { ...connection, secretLast4: null },
    changes: { ...noChanges, secret: { kind: 'set', text } },
    isRetestNeeded: true,
  };
};

const keptOf = (result: ProbeResult): KeptTest => ({
  isSuccess: result.isSuccess,
  fault: result.fault,
  vendorStatus: result.vendorStatus,
  latencyMs: Math.round(result.latencyMs),
  model: result.model,
  modelsFound: result.modelsFound,
  steps: result.steps,
  proposedBaseUrl: result.proposedBaseUrl,
  egressEntry: result.egressEntry,
});

export const keptTest = (stored: Pick<StoredConnection, 'testResult'>): KeptTest | null =>
  stored.testResult === null ? null : (JSON.parse(stored.testResult) as KeptTest);

const outcome = (
  caller: Caller,
  providerId: string,
  test: KeptTest,
  rest: Pick<TestOutcome, 'vendorMessage' | 'testedAtMs' | 'isCached'>,
): TestOutcome => ({ providerId, test, egressEntry: isAdministrator(caller.actor) ? test.egressEntry : null, ...rest });
