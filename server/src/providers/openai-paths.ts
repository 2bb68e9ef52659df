/** Where requests go at an OpenAI-compatible provider, Azure's deployments included (C-48). */
import type { Destination } from './protocol.ts';
import { pathOf } from './normalise.ts';

/** Used where neither the settings nor the pasted address name one. */
export const azureApiVersionDefault = '2024-10-21';

/** The settings' version, else the one of the pasted address, else the default. */
function azureVersion(to: Destination): string {
  const version = to.settings['apiVersion'];
  if (typeof version === 'string' && version !== '') return `?api-version=${encodeURIComponent(version)}`;
  const query = to.baseUrl.indexOf('?');
  return query < 0 ? `?api-version=${azureApiVersionDefault}` : to.baseUrl.slice(query);
}

const azurePath = (to: Destination): string => pathOf(to.baseUrl).split('?', 1)[0] ?? '';

/** The newer `/openai/v1` base speaks OpenAI's plain wire: no deployment, no version. */
const isPlainAzure = (path: string): boolean => /\/openai\/v1$/i.test(path);

function azureChatPath(to: Destination, path: string): string {
  if (isPlainAzure(path)) return `${path}/chat/completions`;
  if (/\/deployments\/[^/]+$/i.test(path)) return `${path}/chat/completions${azureVersion(to)}`;
  const named = to.settings['deployment'];
  const deployment = encodeURIComponent(typeof named === 'string' && named !== '' ? named : to.model);
  const root = /\/openai$/i.test(path) ? path : `${path}/openai`;
  return `${root}/deployments/${deployment}/chat/completions${azureVersion(to)}`;
}

function azureModelsPath(to: Destination, path: string): string {
  if (isPlainAzure(path)) return `${path}/models`;
  const base = path.replace(/\/deployments\/[^/]+$/i, '');
  const root = /\/openai$/i.test(base) ? base : `${base}/openai`;
  return `${root}/models${azureVersion(to)}`;
}

/** Where OpenAI's Responses are: beside the chat completions, and at Azure outside of the deployments. */
export function responsesPath(to: Destination): string {
  if (to.row.addressing !== 'deployments') return `${pathOf(to.baseUrl)}/responses`;
  const path = azurePath(to);
  if (isPlainAzure(path)) return `${path}/responses`;
  const base = path.replace(/\/deployments\/[^/]+$/i, '');
  const root = /\/openai$/i.test(base) ? base : `${base}/openai`;
  return `${root}/responses${azureVersion(to)}`;
}

/** The name that a body carries: Azure knows its deployments, which may be called otherwise than their models. */
export function bodyModel(to: Destination): string {
  const named = to.row.addressing === 'deployments' ? to.settings['deployment'] : undefined;
  return typeof named === 'string' && named !== '' ? named : to.model;
}

export function chatPath(to: Destination): string {
  return to.row.addressing === 'deployments' ? azureChatPath(to, azurePath(to)) : `${pathOf(to.baseUrl)}/chat/completions`;
}

export function modelsPath(to: Destination): string {
  if (to.row.addressing === 'deployments') return azureModelsPath(to, azurePath(to));
  return to.row.modelsPath ?? `${pathOf(to.baseUrl)}/models`;
}

/** Where an operation is that has a path of its own, `/embeddings`: beside the chat completions, at Azure within a deployment. */
export function operationPath(to: Destination, path: string): string {
  const chat = chatPath(to);
  const query = chat.indexOf('?');
  const place = query < 0 ? chat : chat.slice(0, query);
  return `${place.slice(0, -'/chat/completions'.length)}${path}${query < 0 ? '' : chat.slice(query)}`;
}
