/** What can be set on a connection: one description per setting, from which forms, JSON Schema and checks are made (D-33). */
import { settingNames } from '@patchbay/contract/providers';
import { modelLimitOf } from './model-limits.ts';
import type { ProviderRow } from './row.ts';

export type FieldKind =
  | 'text'
  | 'password'
  | 'url'
  | 'select'
  | 'slider'
  | 'number'
  | 'switch'
  | 'headers'
  | 'backups'
  | 'json'
  | 'textarea';

/** Shown only while another field has one of these values. */
export interface VisibleWhen {
  field: string;
  in: readonly string[];
}

export interface Field {
  /** Path in the configuration: `temperature`, `timeouts.totalMs`. */
  name: string;
  kind: FieldKind;
  /** Message keys; the texts are in the catalogue of both languages. */
  label: string;
  hint?: string;
  group: 'basic' | 'advanced';
  required?: boolean;
  /** Kept sealed and never shown again. */
  secret?: boolean;
  min?: number;
  max?: number;
  step?: number;
  integer?: boolean;
  charsMax?: number;
  /** A regular expression without slashes; for text. */
  pattern?: string;
  options?: readonly { value: string; label: string }[];
  suggestions?: readonly string[];
  default?: string | number | boolean;
  placeholder?: string;
  visibleWhen?: VisibleWhen;
}

type Spec = Omit<Field, 'name' | 'label'>;

const field = (name: string, spec: Spec): Field => ({ name, label: `providers.fields.${name}`, ...spec });
const optionsOf = (name: string, values: readonly string[]): Field['options'] =>
  values.map((value) => ({ value, label: `providers.options.${name}.${value.replaceAll('.', '_')}` }));
/** Values that are names themselves and need no translation. */
const verbatim = (values: readonly string[]): Field['options'] => values.map((value) => ({ value, label: value }));

/** Upper bound of `maxTokens` where neither the model nor the provider names one. */
export const maxTokensBound = 1_000_000;
/** The bound that older OpenAI models have, and unknown ones get (C-05). */
export const openAiMaxTokensBound = 4096;

const legacyGemini: ReadonlySet<string> = new Set(['gemini-pro', 'gemini-pro-vision']);

/** Most tokens that may be asked for: the model's own limit, else 4096 at OpenAI and a wide bound elsewhere (C-05). */
export function maxTokensMaxOf(row: ProviderRow, model: string | null): number {
  const limit = model === null ? null : modelLimitOf(model).maxOutputTokens;
  return limit ?? (row.id === 'openai' ? openAiMaxTokensBound : maxTokensBound);
}

/** 0 to 2, but 1 for Anthropic and for Gemini's two retired models (C-07). */
export function temperatureMaxOf(row: ProviderRow, model: string | null): number {
  if (row.protocol === 'anthropic' || row.protocol === 'bedrock') return 1;
  return row.aiType === 'GOOGLE' && model !== null && legacyGemini.has(model) ? 1 : 2;
}

const temperature = (max: number): Field =>
  field('temperature', { kind: 'slider', group: 'basic', min: 0, max, step: 0.1, hint: 'providers.hints.temperature' });
const maxTokens = (max: number): Field => field('maxTokens', { kind: 'number', group: 'basic', min: 1, max, integer: true });
const topP = field('topP', { kind: 'slider', group: 'basic', min: 0, max: 1, step: 0.05 });
const topK = field('topK', { kind: 'number', group: 'basic', min: 0, max: 1000, integer: true });
const frequencyPenalty = field('frequencyPenalty', { kind: 'slider', group: 'basic', min: -2, max: 2, step: 0.1 });
const presencePenalty = field('presencePenalty', { kind: 'slider', group: 'basic', min: -2, max: 2, step: 0.1 });
const seed = field('seed', { kind: 'number', group: 'advanced', min: 0, max: 2_147_483_647, integer: true });
const reasoningEffort = field('reasoningEffort', {
  kind: 'select',
  group: 'advanced',
  options: optionsOf('reasoningEffort', ['none', 'minimal', 'low', 'medium', 'high', 'xhigh']),
});
const organizationId = field('organizationId', {
  kind: 'text',
  group: 'advanced',
  charsMax: 200,
  pattern: '^[\\x21-\\x7e]+$',
  placeholder: 'org-...',
});
const projectId = field('projectId', {
  kind: 'text',
  group: 'advanced',
  charsMax: 200,
  pattern: '^[\\x21-\\x7e]+$',
  placeholder: 'proj_...',
});
const wire = field('wire', {
  kind: 'select',
  group: 'advanced',
  options: optionsOf('wire', ['auto', 'chat', 'responses']),
  default: 'auto',
  hint: 'providers.hints.wire',
});
const parameters = field('parameters', { kind: 'json', group: 'advanced', hint: 'providers.hints.parameters' });

/** A choice of wire where there is one. */
const wires = (row: ProviderRow): Field[] => (row.responses === null ? [] : [wire]);

/** A name that may stand in an address. */
const nameField = (name: string, charsMax: number, placeholder: string): Field =>
  field(name, { kind: 'text', group: 'basic', charsMax, pattern: '^[a-z0-9][a-z0-9:.-]*$', placeholder, hint: `providers.hints.${name}` });

const sampling = (row: ProviderRow, model: string | null): Field[] => [
  temperature(temperatureMaxOf(row, model)),
  maxTokens(maxTokensMaxOf(row, model)),
  topP,
  frequencyPenalty,
  presencePenalty,
];

const google = (row: ProviderRow, model: string | null): Field[] => [
  temperature(temperatureMaxOf(row, model)),
  {
    ...maxTokens(modelLimitOf(model ?? '').maxOutputTokens ?? maxTokensBound),
    name: 'maxOutputTokens',
    label: 'providers.fields.maxOutputTokens',
  },
  topP,
  { ...topK, min: 1 },
  reasoningEffort,
  field('safetySettings', { kind: 'json', group: 'advanced', hint: 'providers.hints.safetySettings' }),
];

/** Settings that only these providers have. */
const ofProvider: Readonly<Record<string, (row: ProviderRow, model: string | null) => Field[]>> = {
  gemini: google,
  vertex: (row, model) => [nameField('project', 100, 'my-project-123'), nameField('location', 60, 'global'), ...google(row, model)],
  bedrock: (row, model) => [
    temperature(temperatureMaxOf(row, model)),
    maxTokens(maxTokensMaxOf(row, model)),
    topP,
    topK,
    reasoningEffort,
    nameField('region', 40, 'us-east-1'),
    parameters,
  ],
  ollama: (row, model) => [
    temperature(temperatureMaxOf(row, model)),
    maxTokens(maxTokensMaxOf(row, model)),
    topP,
    topK,
    field('repeatPenalty', { kind: 'slider', group: 'basic', min: 0, max: 2, step: 0.05 }),
    seed,
    field('numCtx', { kind: 'number', group: 'basic', min: 1024, max: 32_768, step: 1024, integer: true, hint: 'providers.hints.numCtx' }),
    reasoningEffort,
    field('keepAlive', {
      kind: 'text',
      group: 'advanced',
      charsMax: 20,
      pattern: '^-?\\d+(\\.\\d+)?(ms|s|m|h)?$',
      placeholder: '5m',
      hint: 'providers.hints.keepAlive',
    }),
    parameters,
  ],
  anthropic: (row, model) => [
    temperature(temperatureMaxOf(row, model)),
    maxTokens(maxTokensMaxOf(row, model)),
    topP,
    topK,
    reasoningEffort,
    field('anthropicVersion', {
      kind: 'select',
      group: 'advanced',
      options: verbatim(['2023-06-01', '2026-10-21']),
      default: '2023-06-01',
      hint: 'providers.hints.anthropicVersion',
    }),
  ],
  'azure-openai': (row, model) => [
    ...sampling(row, model),
    field('deployment', { kind: 'text', group: 'basic', charsMax: 255, pattern: '^[A-Za-z0-9._-]+$', hint: 'providers.hints.deployment' }),
    field('apiVersion', {
      kind: 'text',
      group: 'basic',
      charsMax: 40,
      pattern: '^(\\d{4}-\\d{2}-\\d{2}(-preview)?|preview|latest)$',
      default: '2024-10-21',
      placeholder: '2024-10-21',
    }),
    seed,
    reasoningEffort,
    wire,
    parameters,
  ],
  custom: (row, model) => [
    ...sampling(row, model),
    field('authType', {
      kind: 'select',
      group: 'basic',
      options: optionsOf('authType', ['bearer', 'api-key', 'custom', 'none']),
      default: 'bearer',
    }),
    field('headerName', {
      kind: 'text',
      group: 'basic',
      charsMax: 100,
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
      placeholder: 'x-api-key',
      visibleWhen: { field: 'authType', in: ['api-key', 'custom'] },
    }),
    topK,
    seed,
    organizationId,
    wire,
    parameters,
  ],
};

/** What every connection may have. */
const common: readonly Field[] = [
  field('backups', { kind: 'backups', group: 'advanced', hint: 'providers.hints.backups' }),
  field('headers', { kind: 'headers', group: 'advanced', secret: true, hint: 'providers.hints.headers' }),
  field('parameterMode', {
    kind: 'select',
    group: 'advanced',
    options: optionsOf('parameterMode', ['strict', 'warn', 'drop']),
    default: 'warn',
    hint: 'providers.hints.parameterMode',
  }),
  field('timeouts.connectMs', { kind: 'number', group: 'advanced', min: 100, max: 60_000, integer: true, placeholder: '5000' }),
  field('timeouts.firstByteMs', { kind: 'number', group: 'advanced', min: 1000, max: 3_600_000, integer: true, placeholder: '120000' }),
  field('timeouts.idleMs', { kind: 'number', group: 'advanced', min: 1000, max: 3_600_000, integer: true, placeholder: '60000' }),
  field('timeouts.totalMs', { kind: 'number', group: 'advanced', min: 1000, max: 3_600_000, integer: true, placeholder: '900000' }),
  field('health.everySeconds', {
    kind: 'number',
    group: 'advanced',
    min: 0,
    max: 86_400,
    integer: true,
    placeholder: '60',
    hint: 'providers.hints.healthEvery',
  }),
  field('health.check', {
    kind: 'select',
    group: 'advanced',
    options: optionsOf('health.check', ['models', 'completion']),
    hint: 'providers.hints.healthCheck',
  }),
];

/** Settings of one provider: its own, then what every connection may have. The model narrows some bounds. */
export function settingsFieldsOf(row: ProviderRow, model: string | null): Field[] {
  const own = ofProvider[row.id]?.(row, model) ?? [
    ...sampling(row, model),
    seed,
    ...(row.capabilities.includes('reasoning') ? [reasoningEffort] : []),
    organizationId,
    ...(row.id === 'openai' ? [projectId] : []),
    ...wires(row),
    parameters,
  ];
  return [...own, ...common];
}

/** The three that have columns of their own: address, key and model. */
export function columnFieldsOf(row: ProviderRow): Field[] {
  const baseUrl = field('baseUrl', {
    kind: 'url',
    group: 'basic',
    charsMax: 500,
    required: row.baseUrl === null && !row.isInternal,
    ...(row.baseUrl !== null && { default: row.baseUrl, placeholder: row.baseUrl }),
    ...(row.isLocal && { hint: 'providers.hints.localAddress' }),
  });
  const secret = field(settingNames.secret, {
    kind: 'password',
    group: 'basic',
    secret: true,
    charsMax: 4096,
    required: row.needsSecret,
    ...(row.keyHint !== null && { placeholder: row.keyHint }),
    hint: 'providers.hints.secret',
  });
  const model = field('model', {
    kind: 'text',
    group: 'basic',
    charsMax: 255,
    required: true,
    suggestions: row.models.suggested,
    ...(row.models.default !== null && { placeholder: row.models.default }),
  });
  if (row.isInternal) return [model];
  // Where there is an address of its own, asking for one first would only frighten.
  return row.baseUrl === null || row.isLocal ? [baseUrl, secret, model] : [secret, model, baseUrl];
}
