/** Google's generateContent wire (ai.google.dev/api/generate-content, v1beta). */
import type { ListedModel } from '../../domain/probe.ts';
import { isKeyFile } from '../google-token.ts';
import { modelsOf } from '../model-lists.ts';
import { pathOf } from '../normalise.ts';
import type { Destination, Protocol } from '../protocol.ts';
import { isRecord, list, member } from '../shape.ts';
import { usageOf } from '../usage.ts';
import { vendorErrorOf } from '../vendor-error.ts';
import { toGenerateRequest } from './request.ts';
import { fromGenerateResponse } from './response.ts';
import { createGenerateReader } from './stream.ts';

/** The list comes in pages; one of this size, the largest there is, holds every model. */
const modelsPageSize = 1000;

/** A region's own address carries its name: `us-central1-aiplatform.googleapis.com`. */
const hostRegion = /^([a-z]+-[a-z]+\d+)-aiplatform\./;

/** Vertex AI keeps its models below a project and a location; without a project, an API key of the express mode says whose they are. */
function modelsBase({ row, baseUrl, settings }: Destination): string {
  const base = pathOf(baseUrl);
  if (row.addressing !== 'vertex' || base.includes('/publishers/')) return base;
  const [project, said] = [settings['project'], settings['location']].map((value) => (typeof value === 'string' ? value : ''));
  if (!project) return `${base}/publishers/google`;
  const location = said || (hostRegion.exec(new URL(baseUrl).hostname)?.[1] ?? 'global');
  return `${base}/projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(location)}/publishers/google`;
}

/** The model stands in the path. It is one segment, whatever was typed; the folder of the list's names is not part of it. */
function chatPath(to: Destination, isStream: boolean): string {
  const model = encodeURIComponent(to.model.replace(/^models\//, ''));
  return `${modelsBase(to)}/models/${model}:${isStream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`;
}

/** Models that can hold a conversation: the list names embeddings, pictures and films too. An entry that does not say stays. */
function chatModelsOf(body: unknown): ListedModel[] {
  const models = list(member(body, 'models'));
  if (models.length === 0) return modelsOf(body);
  return modelsOf({
    models: models.filter((model) => {
      const methods = isRecord(model) ? model['supportedGenerationMethods'] : undefined;
      return !Array.isArray(methods) || methods.includes('generateContent');
    }),
  });
}

export const gemini: Protocol = {
  chatPath,
  // Never in the query, where proxies and logs would keep it.
  authHeaders: (to, secret): Record<string, string> =>
    secret === '' || (to.row.auth.kind === 'service_account' && isKeyFile(secret))
      ? {}
      : { [to.row.auth.header ?? 'x-goog-api-key']: secret },
  headers: () => ({}),
  toVendor: toGenerateRequest,
  fromVendor: (body, to, moment) => fromGenerateResponse(body, to.model, moment),
  choicesAt: ['generationConfig', 'candidateCount'],
  streamReader: (to, moment, choices) => createGenerateReader(to.model, moment, choices),
  errorOf: vendorErrorOf,
  modelsPath: (to) => `${pathOf(to.baseUrl)}/models?pageSize=${modelsPageSize}`,
  modelsOf: chatModelsOf,
  usageOf,
};
