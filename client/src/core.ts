/** The TypeScript client of Patchbay: every face under one object, S3's methods under S3's names. No dependencies. */
import { accessKeyCalls, type AccessKeyCalls } from './access-keys.ts';
import { adminModelCalls, type AdminModelCalls } from './admin-models.ts';
import { auditCalls, revisionCalls, type AuditCalls, type RevisionCalls } from './audit.ts';
import { alertCalls, type AlertCalls } from './alerts.ts';
import { aiSettingsCalls, type AiSettingsCalls } from './ai-settings.ts';
import { aiConnectionCalls, type AiConnectionCalls } from './ai-connections.ts';
import { AiLlmClient } from './ai-llm.ts';
import { chatCalls, StreamError, type ChatCalls } from './chat-completions.ts';
import { chatsCalls, type ChatsCalls } from './chats.ts';
import { configurationCalls, providerCalls, type ConfigurationCalls, type ProviderCalls } from './configurations.ts';
import { limitCalls, type LimitCalls } from './limits.ts';
import { invitationCalls, type InvitationCalls } from './invitations.ts';
import {
  meCalls,
  sessionCalls,
  setupCalls,
  tokenCalls,
  userCalls,
  type MeCalls,
  type SessionCalls,
  type SetupCalls,
  type TokenCalls,
  type UserCalls,
} from './people.ts';
import { statusCalls, type StatusCalls } from './status.ts';
import { systemCalls, type SystemCalls } from './system.ts';
import { exportCalls, type ExportCalls } from './exports.ts';
import { usageImportCalls, type UsageImportCalls } from './usage-imports.ts';
import { taskCalls, type TaskCalls } from './tasks.ts';
import { priceCalls, type PriceCalls } from './prices.ts';
import { requestCalls, type RequestCalls } from './requests.ts';
import { repositoryCalls, type RepositoryCalls } from './repositories.ts';
import { routingCalls, type RoutingCalls } from './routing.ts';
import { templateCalls, type TemplateCalls } from './templates.ts';
import { HttpError, NetworkError } from './errors.ts';
import { eachRow } from './paging.ts';
import { Transport, type ClientOptions } from './transport.ts';
import { policyCalls, type PolicyCalls } from './policies.ts';
import { useCaseCalls, type UseCaseCalls } from './use-cases.ts';
import { usageCalls, type UsageCalls } from './usage.ts';

/**
 * One connection to one Patchbay. The control plane takes a personal token or a browser's session, `/v1` an access key (C-37).
 * @throws TypeError where `baseUrl` is not an address
 */
export class PatchbayClient extends AiLlmClient {
  protected readonly transport: Transport;
  readonly configurations: ConfigurationCalls;
  readonly providers: ProviderCalls;
  readonly aiConnections: AiConnectionCalls;
  readonly adminModels: AdminModelCalls;
  readonly setup: SetupCalls;
  readonly session: SessionCalls;
  readonly me: MeCalls;
  readonly tokens: TokenCalls;
  readonly accessKeys: AccessKeyCalls;
  readonly repositories: RepositoryCalls;
  readonly routing: RoutingCalls;
  readonly limits: LimitCalls;
  readonly users: UserCalls;
  readonly invitations: InvitationCalls;
  readonly books: UsageCalls;
  readonly requests: RequestCalls;
  readonly prices: PriceCalls;
  readonly templates: TemplateCalls;
  readonly aiSettings: AiSettingsCalls;
  readonly policies: PolicyCalls;
  readonly alerts: AlertCalls;
  readonly useCases: UseCaseCalls;
  readonly chat: ChatCalls;
  readonly chats: ChatsCalls;
  readonly tasks: TaskCalls;
  readonly usageImports: UsageImportCalls;
  readonly exports: ExportCalls;
  readonly system: SystemCalls;
  readonly status: StatusCalls;
  readonly audit: AuditCalls;
  readonly revisions: RevisionCalls;

  constructor(options: ClientOptions) {
    super();
    const transport = new Transport(options);
    this.transport = transport;
    this.configurations = configurationCalls(transport);
    this.routing = routingCalls(transport);
    this.limits = limitCalls(transport);
    this.providers = providerCalls(transport);
    this.aiConnections = aiConnectionCalls(transport);
    this.adminModels = adminModelCalls(transport);
    this.setup = setupCalls(transport);
    this.session = sessionCalls(transport);
    this.me = meCalls(transport);
    this.tokens = tokenCalls(transport);
    this.accessKeys = accessKeyCalls(transport);
    this.repositories = repositoryCalls(transport);
    this.users = userCalls(transport);
    this.invitations = invitationCalls(transport);
    this.books = usageCalls(transport);
    this.requests = requestCalls(transport);
    this.prices = priceCalls(transport);
    this.templates = templateCalls(transport);
    this.aiSettings = aiSettingsCalls(transport);
    this.policies = policyCalls(transport);
    this.alerts = alertCalls(transport);
    this.useCases = useCaseCalls(transport);
    this.chat = chatCalls(transport);
    this.chats = chatsCalls(transport);
    this.tasks = taskCalls(transport);
    this.usageImports = usageImportCalls(transport);
    this.exports = exportCalls(transport);
    this.system = systemCalls(transport);
    this.status = statusCalls(transport);
    this.audit = auditCalls(transport);
    this.revisions = revisionCalls(transport);
  }

  /** Null signs the client off: the next call carries no token. */
  readonly setAuthToken = (token: string | null): void => this.transport.setAuthToken(token);

  /** The language of error texts from now on; null leaves it to the server. */
  readonly setLanguage = (language: string | null): void => this.transport.setLanguage(language);

  /** One line per call to the console, or to a function of yours. */
  readonly setDebug = (debug: boolean | ((line: string) => void)): void => this.transport.setDebug(debug);
}

export { eachRow, HttpError, NetworkError, StreamError, PatchbayClient as FlashbackClient };
export type { ClientOptions };
