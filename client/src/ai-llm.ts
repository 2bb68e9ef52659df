/** S3's calls under S3's names: AI LLMs and workspaces, `/ai/llm` and `/workspace`. */
import type {
  AiLlm,
  CreateAiLlm,
  UpdateAiLlm,
  aiLlmDeleted,
  aiLlmSaved,
  aiLlmStatsAnswer,
  aiLlmValidated,
} from '@patchbay/contract/ai-llm';
import type { WorkspaceView, memberBody, memberChange } from '@patchbay/contract/workspaces';
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

  readonly createWorkspace = (data: { name: string }): Promise<OneWorkspace> => this.transport.call('POST', 'workspace', { body: data });

  readonly getWorkspaces = (): Promise<{ success: true; workspaces: WorkspaceView[] }> => this.transport.call('GET', 'workspace');

  readonly getWorkspace = (id: string): Promise<OneWorkspace> => this.transport.call('GET', `workspace/${segment(id)}`);

  readonly updateWorkspace = (id: string, data: { name: string }): Promise<OneWorkspace> =>
    this.transport.call('PUT', `workspace/${segment(id)}`, { body: data });

  readonly deleteWorkspace = (id: string): Promise<Done> => this.transport.call('DELETE', `workspace/${segment(id)}`);

  readonly addUserToWorkspace = (id: string, data: Input<typeof memberBody>): Promise<Done> =>
    this.transport.call('POST', `workspace/${segment(id)}/users`, { body: data });

  readonly updateWorkspaceUserRole = (id: string, userId: string, data: Input<typeof memberChange>): Promise<Done> =>
    this.transport.call('PUT', `workspace/${segment(id)}/users/${segment(userId)}`, { body: data });

  readonly removeUserFromWorkspace = (id: string, userId: string): Promise<Done> =>
    this.transport.call('DELETE', `workspace/${segment(id)}/users/${segment(userId)}`);
}
