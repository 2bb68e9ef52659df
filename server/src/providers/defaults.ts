/** A connection's own parameters as fields of the house's request: what the caller did not say, the connection says. */
import type { ChatRequest } from '../domain/chat.ts';
import type { ConnectionSettings } from '../domain/connection.ts';
import type { Change } from '../domain/ledger.ts';
import { adaptToFamily } from './openai-families.ts';
import { applyQuirks } from './openai/quirks.ts';
import type { Destination } from './protocol.ts';
import type { ProviderRow } from './row.ts';
import { isRecord } from './shape.ts';

/** Settings that stand for one request field. `maxOutputTokens` is the Gemini form's word for the same limit. */
const fieldOf: Readonly<Record<string, string>> = {
  temperature: 'temperature',
  maxTokens: 'max_tokens',
  maxOutputTokens: 'max_tokens',
  topP: 'top_p',
  topK: 'top_k',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  seed: 'seed',
  stop: 'stop',
  reasoningEffort: 'reasoning_effort',
  repeatPenalty: 'repeat_penalty',
  numCtx: 'num_ctx',
  keepAlive: 'keep_alive',
  safetySettings: 'safety_settings',
};

/** What free parameters may never say: these belong to the request and to its routing. */
export const reservedParameters: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'patchbay',
  '__proto__',
  'constructor',
  'prototype',
]);

/** Request fields that a connection's settings stand for, in the house's names. */
export function fieldsOf(settings: ConnectionSettings): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const parameters = settings['parameters'];
  if (isRecord(parameters)) {
    for (const [name, value] of Object.entries(parameters)) if (!reservedParameters.has(name)) fields[name] = value;
  }
  for (const [setting, field] of Object.entries(fieldOf)) {
    const value = settings[setting];
    if (value !== undefined && value !== null) fields[field] = value;
  }
  return fields;
}

/** A changed connection comes with new settings, so that what one set of them says is worked out once and not for every request. */
const knownFields = new WeakMap<ConnectionSettings, Readonly<Record<string, unknown>>>();

function knownFieldsOf(settings: ConnectionSettings): Readonly<Record<string, unknown>> {
  let fields = knownFields.get(settings);
  if (!fields) knownFields.set(settings, (fields = fieldsOf(settings)));
  return fields;
}

/** Two names of one limit: who says either has said it. */
const sameAs: Readonly<Record<string, string>> = { max_tokens: 'max_completion_tokens', max_completion_tokens: 'max_tokens' };

/** The fields that the caller left to the connection. */
function missing(settings: ConnectionSettings, isGiven: (field: string) => boolean): Record<string, unknown> {
  const known = knownFieldsOf(settings);
  const fields: Record<string, unknown> = {};
  for (const field of Object.keys(known)) {
    const twin = sameAs[field];
    if (!isGiven(field) && (twin === undefined || !isGiven(twin))) fields[field] = known[field];
  }
  return fields;
}

const asAdded = (fields: Record<string, unknown>): Change[] => Object.keys(fields).map((parameter) => ({ parameter, what: 'added' }));

/**
 * What a connection adds to a request of its own wire, under the names that the provider and the model's family have for
 * it; what they refuse is left out and reported. `isGiven` says which fields the caller sent. For another wire the names
 * are the house's, since a translation follows.
 */
export function requestDefaults(
  row: ProviderRow,
  settings: ConnectionSettings,
  model: string,
  isGiven: (field: string) => boolean = () => false,
): { fields: Record<string, unknown>; changed: Change[] } {
  const fields = missing(settings, isGiven);
  const changed = asAdded(fields);
  // Where nothing is added there is nothing to rename or to refuse either.
  if (row.protocol !== 'openai' || changed.length === 0) return { fields, changed };
  if (row.families === 'openai') changed.push(...adaptToFamily(fields, model));
  changed.push(...applyQuirks(row, fields, model));
  return { fields, changed };
}

/**
 * The request with the connection's parameters where the caller was silent, each one reported; in the house's names.
 * Calling it again changes nothing, so that a caller may ask early what limit will apply.
 */
export function withDefaults(request: ChatRequest, to: Pick<Destination, 'settings'>): { request: ChatRequest; changed: Change[] } {
  const fields = missing(to.settings, (field) => request[field] !== undefined);
  const changed = asAdded(fields);
  return { request: changed.length === 0 ? request : { ...request, ...fields }, changed };
}

/** TRUE for a change by which the caller gets less than was asked: what `strict` connections refuse. */
export const isLoss = (change: Change): boolean => change.what === 'dropped' || change.what === 'clamped' || change.what === 'approximated';
