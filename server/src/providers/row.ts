/** What the house knows of one provider: everything that a form, a probe, a model list and a translation derive from. */

/** The words of the AI LLM face for a family of providers (C-18). */
export type AiType = 'OPENAI' | 'GOOGLE' | 'ANTHROPIC' | 'AWS' | 'OTHER';

export type Capability = 'chat' | 'stream' | 'tools' | 'vision' | 'json' | 'reasoning' | 'embeddings' | 'audio' | 'images';

/** What can be asked of a provider besides a conversation. */
export type OperationId =
  | 'embeddings'
  | 'completions'
  | 'moderations'
  | 'rerank'
  | 'images.generations'
  | 'images.edits'
  | 'audio.speech'
  | 'audio.transcriptions'
  | 'audio.translations';

/** How one provider offers an operation; an empty one stands for the usual path below the base, for every model. */
export interface Offer {
  /** Path below the origin, where it is another than the base and the operation's own. */
  path?: string;
  /** Only for these of its models; names without a maker. */
  models?: RegExp;
  /** Its model where the caller names none; the connection's own where nothing is said. */
  default?: string;
  /** Fields of its requests that are called otherwise, or refused; forms go out as they came. */
  rename?: Readonly<Record<string, string>>;
  drop?: readonly string[];
}

/**
 * How the secret travels: as a bearer token, alone in a named header, or not at all. `aws` signs with it (or sends it as a bearer
 * token where it is one); `service_account` exchanges a key file for a token first, and sends any other secret in the header.
 */
export interface RowAuth {
  kind: 'bearer' | 'header' | 'none' | 'aws' | 'service_account';
  header?: string;
}

/** A number is moved into these bounds, and the change is reported. */
export interface Bound {
  min?: number;
  max?: number;
}

/** What a provider takes in the place of a value. */
export interface ValueRule {
  field: string;
  /** For these of its models alone; names without a maker, lower case. */
  models?: RegExp;
  /** What is sent by what was asked; null for a value that is left out, `*` for all that are not named. What is not here stays. */
  to: Readonly<Record<string, string | null>>;
}

/** Fields that some models refuse, or take without a word and without effect. */
export interface ModelDrop {
  /** Names without a maker, lower case. */
  models: RegExp;
  drop: readonly string[];
  /** They do so only while they think, which they do unless `thinking.type` says `disabled`. */
  whileThinking?: boolean;
}

export interface ProviderRow {
  /** Slug, at most 100 characters: `openai`. */
  id: string;
  name: string;
  aiType: AiType;
  protocol: 'openai' | 'anthropic' | 'gemini' | 'ollama' | 'bedrock' | 'responses';
  /** Canonical base without a trailing slash; null where only the user can know it. */
  baseUrl: string | null;
  /** Hosts besides the one of `baseUrl`; a leading dot stands for every subdomain. */
  hosts: readonly string[];
  /** What a path stands for when it is entered alone: `{'': '/v1'}` completes a bare host. */
  paths: Readonly<Record<string, string>>;
  /** Deployments in the path and a version in the query (C-48). */
  addressing: 'plain' | 'deployments' | 'vertex';
  /** Also speaks OpenAI's Responses: for the models that answer there alone, and for connections that ask for it. Null for no. */
  responses: { models: RegExp | null } | null;
  /** Addresses of this provider where another wire is spoken: for a base whose path ends so, that row stands in for this one. */
  wires: readonly { pathEnd: string; row: ProviderRow }[];
  /** Path below the origin that lists models where it is not base + `/models`. */
  modelsPath: string | null;
  /** FALSE where the provider has no list: a probe must then ask for a completion. */
  listsModels: boolean;
  needsSecret: boolean;
  auth: RowAuth;
  /** Expected on this machine or in this network: plain http and private addresses are normal. */
  isLocal: boolean;
  isFree: boolean;
  /** Served by Patchbay itself; its address is handed in by the application. */
  isInternal: boolean;
  capabilities: readonly Capability[];
  /** What it offers besides conversations. What is not here is refused by name and asked of nobody (`operations/`). */
  operations: Readonly<Partial<Record<OperationId, Offer>>>;
  /** Request fields that this provider calls otherwise. */
  rename: Readonly<Record<string, string>>;
  /** Request fields that this provider refuses or ignores; each loss is reported. */
  drop: readonly string[];
  limits: Readonly<Record<string, Bound>>;
  /** The same as `drop` for some of its models alone. */
  modelDrops: readonly ModelDrop[];
  /** Values that it does not know, and what comes nearest; each change is reported. */
  values: readonly ValueRule[];
  /** `count` where `logprobs` is the number of alternatives and no flag. */
  logprobs: 'flag' | 'count';
  /** Members of messages that this provider refuses. */
  dropInMessages: readonly string[];
  /** `nine` where an id of a call must be nine letters and digits. */
  callIds: 'any' | 'nine';
  /** Keeps its models on a machine of its owner's: they can be listed, fetched and deleted there. */
  keepsModels: boolean;
  /** `system` where a `developer` message is refused. */
  developerRole: 'developer' | 'system';
  /** Models of these families change names and refuse parameters (C-39). */
  families: 'openai' | null;
  models: { default: string | null; suggested: readonly string[] };
  /** Retired model ids, still accepted, and what answers in their place (C-06). */
  retired: Readonly<Record<string, string>>;
  /** Page where a key is made; null for none. */
  keyPage: string | null;
  /** How this provider's keys begin; a hint and never a check. */
  keyPrefix: string | null;
  keyHint: string | null;
  /** Provider id in the price book; null where it knows none. */
  priceId: string | null;
  /** `on_request` needs `stream_options.include_usage`; `always` refuses or ignores that option. */
  reportsUsageInStream: 'always' | 'on_request' | 'never';
  docs: string | null;
}

/** What a row must say; everything else has the value of a plain hosted OpenAI-compatible provider. */
export type RowInput = Pick<ProviderRow, 'id' | 'name' | 'baseUrl'> & Partial<ProviderRow>;

const plain: Omit<ProviderRow, 'id' | 'name' | 'baseUrl'> = {
  aiType: 'OTHER',
  protocol: 'openai',
  hosts: [],
  paths: {},
  addressing: 'plain',
  responses: null,
  wires: [],
  modelsPath: null,
  listsModels: true,
  needsSecret: true,
  auth: { kind: 'bearer' },
  isLocal: false,
  isFree: false,
  isInternal: false,
  capabilities: ['chat', 'stream', 'tools', 'json'],
  operations: {},
  rename: {},
  drop: [],
  limits: {},
  modelDrops: [],
  values: [],
  logprobs: 'flag',
  dropInMessages: [],
  callIds: 'any',
  keepsModels: false,
  developerRole: 'developer',
  families: null,
  models: { default: null, suggested: [] },
  retired: {},
  keyPage: null,
  keyPrefix: null,
  keyHint: null,
  priceId: null,
  reportsUsageInStream: 'on_request',
  docs: null,
};

/** A hosted provider: a key is needed. */
export const hosted = (row: RowInput): ProviderRow => ({ ...plain, ...row });

/** A provider on the user's own machine or network: no key, no price. */
export const local = (row: RowInput): ProviderRow => ({ ...plain, needsSecret: false, isLocal: true, isFree: true, ...row });
