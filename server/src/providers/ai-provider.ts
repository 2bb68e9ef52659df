/** S2's provider interface (R-128 to R-131, R-180): a thin front on the protocols and the guarded way out, for code that wants one provider alone. */
import type { AIProviderName } from '@patchbay/contract/connections';
import type { ChatRequest, ChatResponse } from '../domain/chat.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import type { InstalledModel, PullProgress } from '../domain/local-models.ts';
import type { ListedModel } from '../domain/probe.ts';
import { EgressError, type Trust } from '../egress/egress.ts';
import type { Ids } from '../lib/ids.ts';
import { scanObject } from '../lib/json-scan.ts';
import { callProvider, headersOf, type CallDeps } from './call.ts';
import type { CallRequest, CallTimeouts } from './calling.ts';
import { mustProviderRow, rowAt, rowFor } from './catalog.ts';
import { failureOfEgress } from './egress-faults.ts';
import { isModelList } from './model-lists.ts';
import { normaliseBase } from './normalise.ts';
import type { Destination, Protocol } from './protocol.ts';
import { protocolOf } from './protocols.ts';
import { openai } from './openai/protocol.ts';
import { installedAt, pullAt } from './ollama-models.ts';
import { proofOf } from './proof.ts';
import { parseJson } from './shape.ts';

export type { AIProviderName } from '@patchbay/contract/connections';

/** What one provider is asked with. Nothing of it is kept. */
export interface AIProviderConfig {
  apiKey: string;
  /** As people enter it; without it the provider's own address (C-23). */
  baseUrl?: string | null;
  /** Needed where a request names no model. */
  model?: string;
  /** Whose wish it is to go there; an administrator may reach more of the network. `member` where nothing is said. */
  trust?: Trust;
}

/**
 * One provider, as the adapters of S2 see it. Each question is one call: it is not retried, not counted and not written to the
 * books, so a completion of a user goes through the gateway instead.
 */
export interface AIProvider {
  readonly name: AIProviderName;
  /** TRUE when the provider's list of models answers with a 2xx; false for every other answer, and for none. */
  testConnection(config: AIProviderConfig): Promise<boolean>;
  /** Throws UpstreamFailure where the provider does not answer with a list. */
  getAvailableModels(config: AIProviderConfig): Promise<ListedModel[]>;
  /** One whole answer in the house's words, whatever `stream` says. Throws UpstreamFailure. */
  createCompletion(config: AIProviderConfig, request: ChatRequest): Promise<ChatResponse>;
}

export interface AIProviderDeps extends CallDeps {
  ids: Ids;
  timeouts: CallTimeouts;
}

/** Time for a list of models, from the look-up to the last byte. */
const listTimeoutMs = 15_000;
const listBytesMax = 8 * 1024 * 1024;

/** What a local server is asked with: it needs no key, but an address. */
export interface OllamaConfig extends Omit<AIProviderConfig, 'apiKey'> {
  apiKey?: string;
}

/** What all of them do alike: the wire follows from the provider's row. */
abstract class WireProvider<Config extends OllamaConfig> {
  abstract readonly name: AIProviderName;
  protected readonly deps: AIProviderDeps;

  constructor(deps: AIProviderDeps) {
    this.deps = deps;
  }

  async testConnection(config: Config): Promise<boolean> {
    return isAnswered(this.deps, this.place(config));
  }

  async getAvailableModels(config: Config): Promise<ListedModel[]> {
    return modelsAt(this.deps, this.place(config));
  }

  async createCompletion(config: Config, request: ChatRequest): Promise<ChatResponse> {
    return completionAt(this.deps, this.place(config, request.model), request);
  }

  protected place(config: Config, model?: string): AskedPlace {
    return placeOf(this.name, { ...config, apiKey: config.apiKey ?? '' }, model);
  }
}

/** OpenAI, and whoever answers at `baseUrl` in its wire. */
export class OpenAIProvider extends WireProvider<AIProviderConfig> implements AIProvider {
  readonly name = 'openai';
}

/** Google's Gemini in its own wire: the key travels in its own header, and the answer comes back translated. */
export class GeminiProvider extends WireProvider<AIProviderConfig> implements AIProvider {
  readonly name = 'gemini';
}

/** A local Ollama server in its own wire, whichever of its addresses is given. It is there only when `{baseUrl}/api/tags` answers with a 2xx. */
export class OllamaProvider extends WireProvider<OllamaConfig> implements AIProvider {
  readonly name = 'ollama';

  /** The models that are installed on the server, with what is known of them. Throws UpstreamFailure. */
  async getLocalModels(config: OllamaConfig): Promise<InstalledModel[]> {
    return installedAt(this.deps, { ...this.place(config), customHeaders: {} });
  }

  /** Downloads and installs a model; progress is told as it comes, and never goes back. Throws UpstreamFailure. */
  async pullModel(
    config: OllamaConfig,
    modelName: string,
    options: { signal?: AbortSignal; onProgress?: (progress: PullProgress) => void } = {},
  ): Promise<void> {
    const { signal, onProgress } = options;
    const place = { ...this.place(config), customHeaders: {} };
    return pullAt(this.deps, place, modelName, { ...(signal && { signal }), onProgress: (progress) => onProgress?.(progress) });
  }

  /** The native wire lies at the root, also where the OpenAI-compatible address was entered (C-17). */
  protected override place(config: OllamaConfig, model?: string): AskedPlace {
    return super.place({ ...config, baseUrl: config.baseUrl?.trim().replace(/\/v1\/*$/, '') }, model);
  }
}

/** Where a question goes, with what proves it. */
interface AskedPlace {
  to: Destination;
  protocol: Protocol;
  origin: string;
  trust: Trust;
  secret: string;
}

/** Throws Refusal for an address that is none. */
function placeOf(name: AIProviderName, config: AIProviderConfig, model = config.model ?? ''): AskedPlace {
  const row = mustProviderRow(name);
  const { baseUrl, origin } = normaliseBase(row, config.baseUrl);
  const to: Destination = { row: rowFor(rowAt(row, baseUrl), {}, model), baseUrl, settings: {}, model };
  return { to, protocol: protocolOf(to.row), origin, trust: config.trust ?? 'member', secret: config.apiKey };
}

/** The raw answer to the question for models. Throws UpstreamFailure where there was none. */
async function askForModels(
  deps: AIProviderDeps,
  { to, protocol, origin, trust, secret }: AskedPlace,
): Promise<{ status: number; body: string }> {
  const headers = headersOf({ to, secret, customHeaders: {} }, protocol);
  const limits = { totalTimeoutMs: listTimeoutMs, bodyBytesMax: listBytesMax };
  try {
    const ask = { origin, path: protocol.modelsPath(to), method: 'GET' as const, headers, body: null };
    const proof = await proofOf(deps, protocol, to, secret, ask);
    const { status, body } = await deps.egress.fetchWhole({ ...ask, headers: { ...headers, ...proof }, trust }, limits);
    return { status, body: body.toString('utf8') };
  } catch (error) {
    if (error instanceof EgressError) throw failureOfEgress(error);
    throw error;
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

async function isAnswered(deps: AIProviderDeps, place: AskedPlace): Promise<boolean> {
  try {
    return isSuccess((await askForModels(deps, place)).status);
  } catch (error) {
    if (error instanceof UpstreamFailure) return false;
    throw error;
  }
}

async function modelsAt(deps: AIProviderDeps, place: AskedPlace): Promise<ListedModel[]> {
  const { status, body } = await askForModels(deps, place);
  const parsed = parseJson(body);
  // The vendor's own words stay here: they may repeat the key.
  if (!isSuccess(status))
    throw new UpstreamFailure(place.protocol.errorOf(status, parsed ?? body).fault, `the provider answered ${status}`, {
      vendorStatus: status,
    });
  if (!isModelList(parsed)) throw new UpstreamFailure('endpoint_not_found', 'the answer is no list of models', { vendorStatus: status });
  return place.protocol.modelsOf(parsed);
}

/** The request as bytes, as the way out takes it. Throws UpstreamFailure('bad_request') for one that no provider would read. */
function requestOf(request: ChatRequest): CallRequest {
  const whole: ChatRequest = { ...request, stream: false };
  const bytes = Buffer.from(JSON.stringify(whole));
  const scan = scanObject(bytes);
  if (typeof scan === 'string') throw new UpstreamFailure('bad_request', `the request is ${scan}`);
  return { bytes, scan, parsed: () => whole, isStream: false, wantsUsage: false, outputTokensMax: null };
}

async function completionAt(deps: AIProviderDeps, { to, origin, trust, secret }: AskedPlace, asked: ChatRequest): Promise<ChatResponse> {
  if (to.model === '') throw new UpstreamFailure('bad_request', 'neither the request nor the configuration names a model');
  const request = requestOf(asked);
  const moment = { createdS: Math.floor(deps.clock.nowMs() / 1000), id: `chatcmpl-${deps.ids.uuid()}` };
  const text = await new Promise<string>((resolve, reject) => {
    const call = { to, origin, trust, secret, customHeaders: {}, request, timeouts: deps.timeouts, moment };
    callProvider(deps, call, {
      onWhole: (body) => resolve(body.toString()),
      onPiece: () => true,
      onStreamEnd: () => reject(new UpstreamFailure('invalid_response', 'a stream came where a whole answer was asked for')),
      onFailure: reject,
    });
  });
  // Whatever the vendor spoke, this text is the house's wire; reading it fills in what an answer may leave out.
  return openai.fromVendor(JSON.parse(text), to, moment);
}
