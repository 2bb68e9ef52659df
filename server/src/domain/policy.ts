/** What a policy is (C-53): whom it binds, what it looks for, what is done about it; and the index by which the gateway finds those that bind. */

/** From the top down. A lower level adds to the ones above it and never weakens them (D-12). */
export type PolicyLevel = 'organization' | 'workspace' | 'repository';
export type Risk = 'LOW' | 'MEDIUM' | 'HIGH';
/** In the order of their numbers on the wire: 0 log, 1 alert, 2 block, 3 redact. */
export const policyActions = ['log', 'alert', 'block', 'redact'] as const;
export type PolicyAction = (typeof policyActions)[number];
/** Which side of a request a policy reads. */
export type PolicySide = 'both' | 'prompt' | 'answer';
export type PolicyStage = 'prompt' | 'answer';

export const detectorNames = ['email', 'phone', 'card', 'iban', 'ip', 'nik', 'npwp', 'account', 'passport', 'secret'] as const;
export type DetectorName = (typeof detectorNames)[number];
export const attachmentKinds = ['image', 'audio', 'video', 'file'] as const;
export type AttachmentKind = (typeof attachmentKinds)[number];

/** Deterministic rules; what is missing is not looked at. */
export interface PolicyRules {
  keywords?: readonly string[];
  /** In the syntax of RE2, which knows no pattern that takes more than linear time. */
  patterns?: readonly string[];
  personalData?: readonly DetectorName[];
  /** Models that may answer, by name with `*` for anything. */
  models?: readonly string[];
  promptTokensMax?: number;
  outputTokensMax?: number;
  attachmentsMax?: number;
  attachmentBytesMax?: number;
  /** Kinds that may be attached. */
  attachmentKinds?: readonly AttachmentKind[];
  /** Tools that may be offered and called, by name with `*`. */
  tools?: readonly string[];
  toolsMax?: number;
  /** Every tool describes its parameters as an object with named properties and no others. */
  isToolSchemaRequired?: boolean;
}

/** A model that reads what the rules cannot: it is asked whether a text breaks the policy's own words. */
export interface PolicyJudge {
  connectionId: string;
  model: string;
}

export interface Policy {
  id: string;
  level: PolicyLevel;
  workspaceId: string | null;
  repositoryId: string | null;
  name: string;
  /** What it says, in people's words. */
  content: string;
  risk: Risk;
  action: PolicyAction;
  side: PolicySide;
  rules: PolicyRules;
  judge: PolicyJudge | null;
  isActive: boolean;
  createdBy: string | null;
  updatedBy: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

/** One thing that broke a policy. Nothing of the text beyond a masked excerpt. */
export interface ViolationFact {
  rule: 'keyword' | 'pattern' | 'personal' | 'model' | 'tokens' | 'attachment' | 'tool' | 'judge' | 'unreadable';
  /** Which: the detector, the keyword, the place of the pattern, the model. */
  name: string;
  count: number;
  excerpt: string | null;
}

export interface Violation {
  id: string;
  atMs: number;
  policyId: string;
  /** As it was. */
  policyName: string;
  action: PolicyAction;
  isBlocked: boolean;
  severity: Risk;
  stage: PolicyStage;
  facts: ViolationFact[];
  requestId: string;
  workspaceId: string | null;
  repositoryId: string | null;
  accessKeyId: string | null;
  userId: string | null;
  connectionId: string | null;
  provider: string | null;
  model: string | null;
  host: string | null;
}

/** Takes violations to where they are kept; never waits and never throws. */
export interface ViolationSink {
  note(violation: Violation): void;
}

export const readsPrompt = ({ side }: Policy): boolean => side !== 'answer';
export const readsAnswer = ({ side }: Policy): boolean => side !== 'prompt';

/** Words alone: no rule looks for anything, and no judge is asked. Such a policy is for people to read, whatever its action says. */
export const isWordsAlone = ({ rules, judge }: Pick<Policy, 'rules' | 'judge'>): boolean => {
  const { keywords, patterns, personalData, isToolSchemaRequired, ...others } = rules;
  const looksFor = [keywords, patterns, personalData].some((list) => list !== undefined && list.length > 0);
  return judge === null && !looksFor && isToolSchemaRequired !== true && Object.values(others).every((value) => value === undefined);
};

const inOrder = (a: Policy, b: Policy): number => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1);

/** The active policies of an installation by what they bind. */
export class PolicyIndex {
  /** FALSE while no active policy exists: the one question of the hot path. */
  isUsed = false;
  readonly #byId = new Map<string, Policy>();
  /** Answers by workspace and repository, forgotten with every change. */
  readonly #known = new Map<string, readonly Policy[]>();

  /** Takes a policy as it is now; one that is not active is forgotten. */
  put(policy: Policy, isDeleted: boolean): void {
    this.#known.clear();
    if (isDeleted || !policy.isActive) this.#byId.delete(policy.id);
    else this.#byId.set(policy.id, policy);
    this.isUsed = this.#byId.size > 0;
  }

  /** What binds a request of this workspace and repository, the organization's first. */
  binding(workspaceId: string | null, repositoryId: string | null): readonly Policy[] {
    const key = `${workspaceId ?? ''}/${repositoryId ?? ''}`;
    const known = this.#known.get(key);
    if (known) return known;
    const all = [...this.#byId.values()].toSorted(inOrder);
    const found = [
      ...all.filter(({ level }) => level === 'organization'),
      ...all.filter((policy) => policy.level === 'workspace' && policy.workspaceId === workspaceId),
      ...all.filter((policy) => policy.level === 'repository' && policy.repositoryId === repositoryId),
    ];
    // As many entries as there are workspaces and repositories that ask; a change empties it.
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(key, found);
    return found;
  }
}

const knownMax = 10_000;
