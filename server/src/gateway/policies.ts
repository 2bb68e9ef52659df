/** Holds one request against the policies that bind it: its prompt before anybody is asked, its targets, and the answer as it comes. */
import { decodeJson } from '../domain/policy-json.ts';
import { allowsModelByPolicy, factsOfRequest, modelFact, unreadableFact, type AskedFacts } from '../domain/policy-request.ts';
import { editedParts, findInParts } from '../domain/policy-parts.ts';
import { edited, editsOf, findIn, readsTexts } from '../domain/policy-rules.ts';
import { readsAnswer, readsPrompt, type AttachmentKind, type Policy, type PolicyStage } from '../domain/policy.ts';
import { patchObject, type Patch } from '../lib/json-scan.ts';
import type { CallRequest } from '../providers/calling.ts';
import { limitIn } from '../providers/limit-field.ts';
import type { GatewayDeps, Order } from './order.ts';
import { modelsBeside } from './models-beside.ts';
import { plan, type Target } from './plan.ts';
import { AnswerGuard } from './policy-answer.ts';
import { FoundFacts, promptBlocked, report } from './policy-facts.ts';
import { judgedBy } from './policy-judge.ts';
import { attachmentsOf, isTokens, put, textsOfRequest, toolsOf, unitsOf, withoutIds, type Spot } from './policy-texts.ts';
import { exactObjectOf, readForeign, readRequest } from './request.ts';

/** Characters of one prompt that are read; what is longer cannot be judged. */
const textCharsMax = 4 * 1024 * 1024;
/** So long a reading may keep everybody else waiting. */
const turnMs = 4;
const charsPerToken = 4;

/** Requests that people or their applications make; what the house asks for itself is nobody's prompt, a judge's least of all. */
const judgedPurposes: ReadonlySet<string> = new Set(['completion', 'chat']);

/** Null where no policy binds the request. */
export function watchOf(deps: GatewayDeps, order: Order): PolicyWatch | null {
  if (!judgedPurposes.has(order.purpose)) return null;
  const policies = deps.keeper.snapshot.policies.binding(order.workspaceId, order.accessKey?.repositoryId ?? null);
  return policies.length === 0 ? null : new PolicyWatch(deps, order, policies);
}

/** The same by its rules alone, for who asks nobody: a judge is a model too. */
export function rulesOn(deps: GatewayDeps, order: Order): PolicyWatch | null {
  const { policies } = deps.keeper.snapshot;
  if (!policies.isUsed || !judgedPurposes.has(order.purpose)) return null;
  const binding = policies.binding(order.workspaceId, order.accessKey?.repositoryId ?? null);
  const rules = binding.map((policy) => (policy.judge === null ? policy : { ...policy, judge: null }));
  return rules.length === 0 ? null : new PolicyWatch(deps, order, rules);
}

/** TRUE where a judge has to read the prompt before it may leave: rules alone do not let it go. */
export function isJudged(deps: Pick<GatewayDeps, 'keeper'>, order: Order): boolean {
  const { policies } = deps.keeper.snapshot;
  if (!policies.isUsed || !judgedPurposes.has(order.purpose)) return false;
  const binding = policies.binding(order.workspaceId, order.accessKey?.repositoryId ?? null);
  return binding.some((policy) => policy.judge !== null && readsPrompt(policy));
}

/** What answers given under these policies are worth under others: nothing. Empty where none binds. */
export function policyStampOf(deps: Pick<GatewayDeps, 'keeper'>, order: Order): string {
  const { policies } = deps.keeper.snapshot;
  if (!policies.isUsed) return '';
  const binding = policies.binding(order.workspaceId, order.accessKey?.repositoryId ?? null);
  return binding.map(({ id, revision, updatedAtMs }) => `${id}:${revision}@${updatedAtMs}`).join(',');
}

export class PolicyWatch {
  private readonly deps: GatewayDeps;
  private readonly order: Order;
  private readonly policies: readonly Policy[];
  private readonly prompt = new FoundFacts();
  private guard: AnswerGuard | null = null;

  constructor(deps: GatewayDeps, order: Order, policies: readonly Policy[]) {
    this.deps = deps;
    this.order = order;
    this.policies = policies;
  }

  /** The order as it may go on: with its texts covered where a policy says so. Throws GatewayRefusal. */
  async judgePrompt(): Promise<Order> {
    const policies = this.policies.filter(readsPrompt);
    if (!policies.some(readsBody)) return this.order;
    const { request } = this.order;
    const body = exactObjectOf(request.bytes);
    const texts = policies.filter(readsTexts);
    const asked = await this.readTexts(
      texts,
      body,
      policies.some(({ judge }) => judge !== null),
    );
    for (const policy of policies) this.prompt.add(policy, factsOfRequest(policy.rules, this.factsOf(body, asked.chars)));
    this.refuse();
    for (const policy of policies)
      if (policy.judge !== null) this.prompt.add(policy, await judgedBy(this.deps, this.order, policy, asked.said.join('\n')));
    this.refuse();
    return { ...this.order, request: this.bounded(policies, texts.length > 0 ? rewritten(request, body, asked.isEdited) : request) };
  }

  /** Targets whose models every policy allows, in their order. Throws GatewayRefusal where none is left. */
  choose<Found extends Pick<Target, 'row' | 'model'>>(targets: readonly Found[]): readonly Found[] {
    let left = targets;
    const beside = modelsBeside(this.order.request);
    for (const policy of this.policies) {
      const denied = ({ row, model }: Found): string | undefined =>
        [model, ...beside].find((name) => !allowsModelByPolicy(policy.rules, row.id, name));
      const allowed = left.filter((target) => denied(target) === undefined);
      if (allowed.length === left.length) continue;
      if (policy.action === 'block' && allowed.length > 0) left = allowed;
      else this.prompt.add(policy, [modelFact(denied(left.find((target) => !allowed.includes(target))!)!)]);
      this.refuse();
    }
    return left;
  }

  /** A fresh look at the answer of one more attempt; null where no policy reads answers. */
  newGuard(): AnswerGuard | null {
    const policies = this.policies.filter((policy) => readsAnswer(policy) && readsSaid(policy));
    // Numbers have no words.
    if (policies.length === 0 || this.order.request.operation?.id === 'embeddings') return null;
    const judge = (policy: Policy, text: string) => judgedBy(this.deps, this.order, policy, text);
    this.guard = new AnswerGuard(policies, judge);
    return this.guard;
  }

  /** Called once, when the request has ended however it did. */
  report(intent: Parameters<typeof report>[3]): void {
    const sides: { stage: PolicyStage; facts: FoundFacts }[] = [{ stage: 'prompt', facts: this.prompt }];
    if (this.guard) sides.push({ stage: 'answer', facts: this.guard.facts });
    report(this.deps, this.order, sides, intent ?? this.wouldBe());
  }

  /** Where a refused prompt would have gone: violations are looked up by connection and model too. */
  private wouldBe(): Parameters<typeof report>[3] {
    if (this.prompt.byPolicy.size === 0) return null;
    try {
      const target = plan(this.deps, this.order)[0];
      return target === undefined ? null : { connectionId: target.connection?.id ?? null, provider: target.row.id, model: target.model };
    } catch {
      // Nobody would have answered: that is said where it was asked.
      return null;
    }
  }

  private refuse(): void {
    if (this.prompt.blockedBy !== null) throw promptBlocked(this.prompt.blockedBy);
  }

  /** Where nothing was said of its length, the answer is bounded by what the policies allow. */
  private bounded(policies: readonly Policy[], request: CallRequest): CallRequest {
    const bounds = policies.flatMap(({ rules, action }) =>
      action === 'block' && rules.outputTokensMax !== undefined ? [rules.outputTokensMax] : [],
    );
    return bounds.length === 0 ? request : { ...request, outputTokensMax: Math.min(...bounds, request.outputTokensMax ?? Infinity) };
  }

  private factsOf(body: Record<string, unknown>, chars: number): AskedFacts {
    const { form, wire } = this.order.request;
    const limit =
      limitIn(wire?.limitField ?? 'max_completion_tokens', (name) => body[name]) ?? body['max_completion_tokens'] ?? body['max_tokens'];
    const files = form?.parts.filter((part) => 'extents' in part) ?? [];
    const uploads = files.map(({ mediaType, extents }) => ({
      kind: kindOf(mediaType),
      bytes: extents.reduce((sum, { length }) => sum + length, 0),
    }));
    return {
      promptTokens: Math.ceil(chars / charsPerToken),
      outputTokensMax: typeof limit === 'number' ? limit : null,
      attachments: [...attachmentsOf(body), ...uploads],
      tools: toolsOf(body),
    };
  }

  /** Reads every text, and covers in place what is to be covered. */
  private async readTexts(policies: readonly Policy[], body: Record<string, unknown>, keeps: boolean): Promise<AskedTexts> {
    const asked: AskedTexts = { chars: 0, said: [], isEdited: false };
    const unread = (what: string): void => {
      for (const policy of policies)
        this.prompt.add(policy, [unreadableFact(what)], policy.action === 'block' || policy.action === 'redact');
    };
    if (isTokens(body['prompt']) || isTokens(body['input'])) unread('tokens');
    // Gathered first: what is put in the place of a text must not be read again.
    const spots = Array.from(textsOfRequest(body));
    let readChars = 0;
    for (const unit of unitsOf(spots)) {
      const chars = unit.reduce((sum, { text }) => sum + text.length, 0);
      readChars += chars;
      if (unit[0]!.isBeside === undefined) asked.chars += chars;
      if (readChars > textCharsMax) {
        unread('too_long');
        break;
      }
      if (policies.length === 0 || !(await this.readUnit(policies, unit))) continue;
      if (this.order.request.form) unread('form');
      asked.isEdited = true;
    }
    // A judge is a provider too: it reads what may leave, and not what was covered.
    if (keeps) asked.said = spots.flatMap(({ text, isBeside }) => (isBeside ? [] : [text]));
    return asked;
  }

  /** Reads a text, or the parts of one; TRUE where something in it was covered. */
  private async readUnit(policies: readonly Policy[], unit: readonly Spot[]): Promise<boolean> {
    const parts = unit.map(({ text }) => text);
    const decoded = unit[0]!.isJson ? decodeJson(parts[0]!, false) : null;
    const text = decoded?.text ?? parts.join('');
    const read = unit[0]!.isBeside ? parts.map(withoutIds) : parts;
    const findings = await inTurns(this.deps, decoded === null ? findInParts(policies, read) : findIn(policies, text));
    if (findings.length === 0) return false;
    this.prompt.addFindings(text, findings);
    const edits = editsOf(findings);
    if (edits.length === 0) return false;
    const written = decoded
      ? [edited(parts[0]!, edits.flatMap(({ start, end, mask }) => decoded.coverings(decoded.places![start]!, decoded.places![end]!, mask)))] // prettier-ignore
      : editedParts(parts, edits);
    for (const [at, spot] of unit.entries()) if (written[at] !== spot.text) put(spot, written[at]!);
    return true;
  }
}

interface AskedTexts {
  chars: number;
  said: string[];
  isEdited: boolean;
}

const kindOf = (mediaType: string): AttachmentKind =>
  (['image', 'audio', 'video'] as const).find((kind) => mediaType.startsWith(`${kind}/`)) ?? 'file';

const readsRequest = ({ rules }: Policy): boolean =>
  [rules.promptTokensMax, rules.outputTokensMax, rules.attachmentsMax, rules.attachmentBytesMax, rules.attachmentKinds, rules.tools, rules.toolsMax, rules.isToolSchemaRequired].some((rule) => rule !== undefined); // prettier-ignore
const readsBody = (policy: Policy): boolean => readsTexts(policy) || readsRequest(policy) || policy.judge !== null;
const readsSaid = (policy: Policy): boolean => readsTexts(policy) || policy.judge !== null || (policy.rules.tools?.length ?? 0) > 0;

/** A reading that lets others go first now and then. */
async function inTurns<Result>({ clock }: Pick<GatewayDeps, 'clock'>, reading: Generator<void, Result, void>): Promise<Result> {
  let sinceMs = clock.monotonicMs();
  let step = reading.next();
  // Ends with the reading, whose length is bounded by the text.
  while (step.done !== true) {
    if (clock.monotonicMs() - sinceMs > turnMs) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      sinceMs = clock.monotonicMs();
    }
    step = reading.next();
  }
  return step.value;
}

/**
 * The request with its members as they were judged. Each list and object is written anew also where nothing was covered: a provider must
 * not read a second key of the same name that nobody has judged. Numbers and flags of the top level keep their bytes.
 */
function rewritten(request: CallRequest, body: Record<string, unknown>, isEdited: boolean): CallRequest {
  if (request.form) return request;
  const patches: Patch[] = [];
  for (const [key, value] of Object.entries(body))
    if ((typeof value === 'object' && value !== null) || (isEdited && typeof value === 'string'))
      patches.push({ key, json: JSON.stringify(value) });
  const bytes = patchObject(request.bytes, request.scan, patches);
  const { operation, isStream, wantsUsage, outputTokensMax, ownMembers } = request;
  const anew = request.wire && request.translate ? readForeign(bytes, request.wire, request.translate) : readRequest(bytes);
  return { ...anew, isStream, wantsUsage, outputTokensMax, ...(operation && { operation }), ...(ownMembers && { ownMembers }) };
}
