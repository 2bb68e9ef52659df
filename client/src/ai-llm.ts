/** S3's calls under S3's names: AI LLMs, workspaces and repositories, `/ai/llm`, `/workspace` and `/repo`. */
import type {
  AiLlm,
  CreateAiLlm,
  UpdateAiLlm,
  aiLlmDeleted,
  aiLlmSaved,
  aiLlmStatsAnswer,
  aiLlmValidated,
} from '@patchbay/contract/ai-llm';
import type { aiStatsAnswer } from '@patchbay/contract/ai-stats';
import type {
  createPolicy,
  policyScopeQuery,
  s3Alerts,
  s3PolicyAnswer,
  s3PolicyDone,
  s3PolicyList,
  s3PolicySaved,
  s3Violations,
  updatePolicy,
} from '@patchbay/contract/policies';
import type {
  aiModelsAnswer,
  aiModelsBody,
  createRepo,
  createRepoAiApiKey,
  repoAiApiKeyCreated,
  repoAiApiKeyList,
  repoAnswer,
  repoDone,
  repoList,
  repoSaved,
  updateRepo,
  updateRepoAiApiKey,
} from '@patchbay/contract/repositories';
import type { WorkspaceView, memberBody, memberChange, workspaceChange } from '@patchbay/contract/workspaces';
import { segment, type Input, type Output, type Transport } from './transport.ts';

interface AiLlms {
  success: true;
  aiLlms: AiLlm[];
}
interface OneWorkspace {
  success: true;
  workspace: WorkspaceView;
}
interface Done {
  success: true;
}

/** Filters of violations and alerts; lists are written with commas. */
export interface FindingsQuery {
  workspaceId?: string;
  repoId?: string;
  policyId?: string;
  /** ISO 8601. */
  from?: string;
  to?: string;
  llmType?: string;
  llmModel?: string;
  host?: string;
  severity?: string;
  block?: boolean;
  skip?: number;
  /** At most 100. */
  take?: number;
}

/** Filters of S3's statistics; a list fits where one of its values does. */
export interface AiStatsFilter {
  startDate?: Date | string;
  endDate?: Date | string;
  repoId?: string | readonly string[];
  aiLlmId?: string | readonly string[];
  repoAiApiKeyId?: string | readonly string[];
  hosts?: string | readonly string[];
  llmType?: string | readonly string[];
  llmModel?: string | readonly string[];
  userUuid?: string | readonly string[];
}

/** The methods are members of the client itself and bound to it, so that they can be handed around. */
export abstract class AiLlmClient {
  protected abstract readonly transport: Transport;

  readonly createAiLlm = (data: CreateAiLlm): Promise<Output<typeof aiLlmSaved>> => this.transport.call('POST', 'ai/llm', { body: data });

  /** Those of one workspace, or of all that the caller may see. */
  readonly getAiLlms = (workspaceId?: string | null): Promise<AiLlms> => this.transport.call('GET', 'ai/llm', { query: { workspaceId } });

  /** Active ones whose last validation succeeded, newest first. */
  readonly getAvailableAiLlms = (): Promise<AiLlms> => this.transport.call('GET', 'ai/llm/available');

  readonly updateAiLlm = (id: string, data: UpdateAiLlm): Promise<Output<typeof aiLlmSaved>> =>
    this.transport.call('PUT', `ai/llm/${segment(id)}`, { body: data });

  readonly deleteAiLlm = (id: string): Promise<Output<typeof aiLlmDeleted>> => this.transport.call('DELETE', `ai/llm/${segment(id)}`);

  /** One real call to the provider. It answers also where the provider refused: read `success`. */
  readonly validateAiLlm = (id: string): Promise<Output<typeof aiLlmValidated>> =>
    this.transport.call('POST', `ai/llm/${segment(id)}/validate`);

  /** Totals are decimal texts: a counter may outgrow a number. */
  readonly getAiLlmStats = (aiLlmId?: string | null): Promise<Output<typeof aiLlmStatsAnswer>> =>
    this.transport.call('GET', 'ai/llm/stats', { query: { aiLlmId } });

  /** Per day of UTC; without dates the last thirty days. Lists of repositories, AI LLMs and keys are joined by "or". */
  readonly getAiStatsDaily = (filter: AiStatsFilter = {}): Promise<Output<typeof aiStatsAnswer>> =>
    this.transport.call('GET', 'aistats/daily', { query: { ...filter } });

  /** Per minute, for at most a day; without dates the last one. */
  readonly getAiStatsMinute = (filter: AiStatsFilter = {}): Promise<Output<typeof aiStatsAnswer>> =>
    this.transport.call('GET', 'aistats/minute', { query: { ...filter } });

  readonly createWorkspace = (data: { name: string }): Promise<OneWorkspace> => this.transport.call('POST', 'workspace', { body: data });

  readonly getWorkspaces = (): Promise<{ success: true; workspaces: WorkspaceView[] }> => this.transport.call('GET', 'workspace');

  readonly getWorkspace = (id: string): Promise<OneWorkspace> => this.transport.call('GET', `workspace/${segment(id)}`);

  readonly updateWorkspace = (id: string, data: Input<typeof workspaceChange>): Promise<OneWorkspace> =>
    this.transport.call('PUT', `workspace/${segment(id)}`, { body: data });

  readonly deleteWorkspace = (id: string): Promise<Done> => this.transport.call('DELETE', `workspace/${segment(id)}`);

  readonly addUserToWorkspace = (id: string, data: Input<typeof memberBody>): Promise<Done> =>
    this.transport.call('POST', `workspace/${segment(id)}/users`, { body: data });

  readonly updateWorkspaceUserRole = (id: string, userId: string, data: Input<typeof memberChange>): Promise<Done> =>
    this.transport.call('PUT', `workspace/${segment(id)}/users/${segment(userId)}`, { body: data });

  readonly removeUserFromWorkspace = (id: string, userId: string): Promise<Done> =>
    this.transport.call('DELETE', `workspace/${segment(id)}/users/${segment(userId)}`);

  /** The models that the keys of a repository reach. */
  readonly getAiModels = (data: Input<typeof aiModelsBody>): Promise<Output<typeof aiModelsAnswer>> =>
    this.transport.call('POST', 'ai/models', { body: data });

  readonly createPolicy = (data: Input<typeof createPolicy>): Promise<Output<typeof s3PolicySaved>> =>
    this.transport.call('POST', 'policy', { body: data });

  /** Those of exactly one level: of the organization, of a workspace, or of a repository. */
  readonly getPolicies = (query: Input<typeof policyScopeQuery>): Promise<Output<typeof s3PolicyList>> =>
    this.transport.call('GET', 'policy', { query });

  readonly getPolicy = (id: string): Promise<Output<typeof s3PolicyAnswer>> => this.transport.call('GET', `policy/${segment(id)}`);

  readonly updatePolicy = (id: string, data: Input<typeof updatePolicy>): Promise<Output<typeof s3PolicySaved>> =>
    this.transport.call('PUT', `policy/${segment(id)}`, { body: data });

  readonly deletePolicy = (id: string): Promise<Output<typeof s3PolicyDone>> => this.transport.call('DELETE', `policy/${segment(id)}`);

  readonly getPolicyViolations = (query: FindingsQuery = {}): Promise<Output<typeof s3Violations>> =>
    this.transport.call('GET', 'policy/violations', { query: { ...query } });

  readonly getPolicyViolationsByPolicyId = (id: string, query: FindingsQuery = {}): Promise<Output<typeof s3Violations>> =>
    this.transport.call('GET', `policy/${segment(id)}/violations`, { query: { ...query } });

  readonly getPolicyAlerts = (query: Omit<FindingsQuery, 'severity' | 'block'> = {}): Promise<Output<typeof s3Alerts>> =>
    this.transport.call('GET', 'policy/alerts', { query: { ...query } });

  readonly getPolicyAlertsByPolicyId = (
    id: string,
    query: Omit<FindingsQuery, 'severity' | 'block'> = {},
  ): Promise<Output<typeof s3Alerts>> => this.transport.call('GET', `policy/${segment(id)}/alerts`, { query: { ...query } });

  readonly createRepo = (data: Input<typeof createRepo>): Promise<Output<typeof repoSaved>> =>
    this.transport.call('POST', 'repo', { body: data });

  /** Those of one workspace, or of all that the caller may see. */
  readonly getRepos = (workspaceId?: string | null): Promise<Output<typeof repoList>> =>
    this.transport.call('GET', 'repo', { query: { workspaceId } });

  readonly getRepo = (id: string): Promise<Output<typeof repoAnswer>> => this.transport.call('GET', `repo/${segment(id)}`);

  /** `repoAiLlms` takes the place of what was attached. */
  readonly updateRepo = (id: string, data: Input<typeof updateRepo>): Promise<Output<typeof repoSaved>> =>
    this.transport.call('PUT', `repo/${segment(id)}`, { body: data });

  /** Refused while it has keys that are good; `force` ends them with it. */
  readonly deleteRepo = (id: string, options: { force?: boolean } = {}): Promise<Output<typeof repoDone>> =>
    this.transport.call('DELETE', `repo/${segment(id)}`, { query: { force: options.force } });

  /** The only answer that ever holds the secret. */
  readonly createRepoAiApiKey = (repoId: string, data: Input<typeof createRepoAiApiKey>): Promise<Output<typeof repoAiApiKeyCreated>> =>
    this.transport.call('POST', `repo/${segment(repoId)}/ai/apikey`, { body: data });

  /** Newest first, without deleted ones. */
  readonly getRepoAiApiKeys = (repoId: string): Promise<Output<typeof repoAiApiKeyList>> =>
    this.transport.call('GET', `repo/${segment(repoId)}/ai/apikey`);

  readonly updateRepoAiApiKey = (repoId: string, id: string, data: Input<typeof updateRepoAiApiKey>): Promise<Output<typeof repoDone>> =>
    this.transport.call('PUT', `repo/${segment(repoId)}/ai/apikey/${segment(id)}`, { body: data });

  readonly deleteRepoAiApiKey = (repoId: string, id: string): Promise<Output<typeof repoDone>> =>
    this.transport.call('DELETE', `repo/${segment(repoId)}/ai/apikey/${segment(id)}`);
}
