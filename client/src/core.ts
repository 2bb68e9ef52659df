/** The TypeScript client of Patchbay: every face under one object, S3's methods under S3's names. No dependencies. */
import { adminModelCalls, type AdminModelCalls } from './admin-models.ts';
import { aiConnectionCalls, type AiConnectionCalls } from './ai-connections.ts';
import { AiLlmClient } from './ai-llm.ts';
import { chatCalls, type ChatCalls } from './chat-completions.ts';
import { configurationCalls, providerCalls, type ConfigurationCalls, type ProviderCalls } from './configurations.ts';
import {
  accessKeyCalls,
  meCalls,
  sessionCalls,
  setupCalls,
  tokenCalls,
  userCalls,
  type AccessKeyCalls,
  type MeCalls,
  type SessionCalls,
  type SetupCalls,
  type TokenCalls,
  type UserCalls,
} from './people.ts';
import { HttpError, NetworkError, Transport, type ClientOptions } from './transport.ts';
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
  readonly users: UserCalls;
  readonly books: UsageCalls;
  readonly chat: ChatCalls;

  constructor(options: ClientOptions) {
    super();
    const transport = new Transport(options);
    this.transport = transport;
    this.configurations = configurationCalls(transport);
    this.providers = providerCalls(transport);
    this.aiConnections = aiConnectionCalls(transport);
    this.adminModels = adminModelCalls(transport);
    this.setup = setupCalls(transport);
    this.session = sessionCalls(transport);
    this.me = meCalls(transport);
    this.tokens = tokenCalls(transport);
    this.accessKeys = accessKeyCalls(transport);
    this.users = userCalls(transport);
    this.books = usageCalls(transport);
    this.chat = chatCalls(transport);
  }

  /** Null signs the client off: the next call carries no token. */
  readonly setAuthToken = (token: string | null): void => this.transport.setAuthToken(token);

  /** The language of error texts from now on; null leaves it to the server. */
  readonly setLanguage = (language: string | null): void => this.transport.setLanguage(language);

  /** One line per call to the console, or to a function of yours. */
  readonly setDebug = (debug: boolean | ((line: string) => void)): void => this.transport.setDebug(debug);
}

export { HttpError, NetworkError, PatchbayClient as FlashbackClient };
export type { ClientOptions };
