/** What policies found in one request, put together: one violation for each policy and side, written down when the request has ended. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { Intent } from '../domain/ledger.ts';
import { factsMax, factsOf, type Finding } from '../domain/policy-rules.ts';
import type { Policy, PolicyStage, ViolationFact } from '../domain/policy.ts';
import { refuse, type GatewayRefusal } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';

/** What was found on one side, by policy. */
export class FoundFacts {
  readonly byPolicy = new Map<Policy, ViolationFact[]>();
  /** The first policy that refuses. */
  blockedBy: Policy | null = null;

  add(policy: Policy, facts: readonly ViolationFact[], isRefused = policy.action === 'block'): void {
    if (facts.length === 0) return;
    const all = this.byPolicy.get(policy) ?? [];
    for (const fact of facts) {
      const same = all.find(({ rule, name }) => rule === fact.rule && name === fact.name);
      if (same) same.count += fact.count;
      else if (all.length < factsMax) all.push({ ...fact });
    }
    this.byPolicy.set(policy, all);
    if (isRefused) this.blockedBy ??= policy;
  }

  addFindings(text: string, findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    for (const [policy, own] of Map.groupBy(findings, (finding) => finding.policy)) this.add(policy, factsOf(text, own));
  }
}

const messageOf = ({ name }: Policy): string => `The policy “${name.slice(0, nameCharsMax)}” does not allow this.`;
const nameCharsMax = 100;

/** A prompt that a policy does not let through. */
export const promptBlocked = (policy: Policy): GatewayRefusal => refuse('policy_violation', { message: messageOf(policy) });

/** An answer that a policy does not let through: the attempt was made, and is paid for. */
export const answerBlocked = (policy: Policy): UpstreamFailure =>
  new UpstreamFailure('policy_blocked', 'the answer was blocked by a policy', { told: { param: '', message: messageOf(policy) } });

/** Writes down what each policy found; `intent` is the last attempt that was booked, null where nobody was asked. */
export function report(
  deps: GatewayDeps,
  order: Order,
  found: readonly { stage: PolicyStage; facts: FoundFacts }[],
  intent: Pick<Intent, 'connectionId' | 'provider' | 'model'> | null,
): void {
  const connection = intent?.connectionId ? deps.keeper.snapshot.connections.get(intent.connectionId) : undefined;
  for (const { stage, facts } of found)
    for (const [policy, list] of facts.byPolicy)
      deps.violations.note({
        id: deps.ids.uuid(),
        atMs: deps.clock.nowMs(),
        policyId: policy.id,
        policyName: policy.name,
        action: policy.action,
        isBlocked: facts.blockedBy === policy,
        severity: policy.risk,
        stage,
        facts: list,
        requestId: order.requestId,
        workspaceId: order.workspaceId,
        repositoryId: order.accessKey?.repositoryId ?? null,
        accessKeyId: order.accessKey?.id ?? null,
        userId: order.userId,
        connectionId: intent?.connectionId ?? null,
        provider: intent?.provider ?? null,
        model: intent?.model ?? null,
        host: connection && URL.canParse(connection.origin) ? new URL(connection.origin).host : null,
      });
}
