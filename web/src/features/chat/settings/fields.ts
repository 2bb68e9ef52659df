/** The fields of the LLM Settings panel, as texts while they are typed and as settings once they are applied (D-40). Pure. */
import type { ChatSettings } from '@patchbay/client/chats';

/** Settings that are one number: their bounds are the server's. Names are the providers' own and the same in every language. */
export interface NumberSpec {
  key: NumberKey;
  name: string;
  min: number;
  max: number;
  isWhole?: boolean;
}

export type NumberKey = {
  [Key in keyof ChatSettings]: number extends NonNullable<ChatSettings[Key]> ? Key : never;
}[keyof ChatSettings];

export const basicNumbers: readonly NumberSpec[] = [
  { key: 'temperature', name: 'temperature', min: 0, max: 2 },
  { key: 'maxTokens', name: 'max_tokens', min: 1, max: 1_000_000, isWhole: true },
  { key: 'topP', name: 'top_p', min: 0, max: 1 },
  { key: 'topK', name: 'top_k', min: 0, max: 1000, isWhole: true },
  { key: 'minP', name: 'min_p', min: 0, max: 1 },
  { key: 'frequencyPenalty', name: 'frequency_penalty', min: -2, max: 2 },
  { key: 'presencePenalty', name: 'presence_penalty', min: -2, max: 2 },
];

export const advancedNumbers: readonly NumberSpec[] = [
  { key: 'seed', name: 'seed', min: 0, max: 2_147_483_647, isWhole: true },
  { key: 'repeatPenalty', name: 'repeat_penalty', min: 0, max: 2 },
  { key: 'repeatLastN', name: 'repeat_last_n', min: -1, max: 131_072, isWhole: true },
  { key: 'mirostatTau', name: 'mirostat_tau', min: 0, max: 20 },
  { key: 'tfsZ', name: 'tfs_z', min: 0, max: 10 },
];

/** Settings that are yes, no, or left to others. */
export const flags = [
  { key: 'useMmap', name: 'use_mmap' },
  { key: 'useMlock', name: 'use_mlock' },
] as const;

export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const;

type FlagText = '' | 'yes' | 'no';

export interface FormValues {
  useCaseId: string;
  connectionId: string;
  model: string;
  systemPrompt: string;
  numbers: Record<NumberKey, string>;
  stream: FlagText;
  reasoningTags: FlagText;
  useMmap: FlagText;
  useMlock: FlagText;
  reasoningEffort: string;
  /** One per line. */
  stop: string;
  /** JSON objects. */
  logitBias: string;
  parameters: string;
}

/** What stops a form: the field's name with a message key of `chat.faults`, and the bounds that the message may name. */
export type Fault = { key: 'number' | 'whole' | 'json' | 'stops'; min?: number; max?: number };
export type Faults = Partial<Record<string, Fault>>;

const flagText = (value: boolean | null): FlagText => (value === null ? '' : value ? 'yes' : 'no');
const flagOf = (text: FlagText): boolean | null => (text === '' ? null : text === 'yes');
const jsonText = (value: object | null): string => (value === null ? '' : JSON.stringify(value, null, 2));
const allNumbers: readonly NumberSpec[] = [
  ...basicNumbers,
  ...advancedNumbers,
  { key: 'chunkSize', name: 'chunk_size', min: 1, max: 1000, isWhole: true },
];
export const chunkSize: NumberSpec = allNumbers.at(-1)!;

export function valuesOf(settings: ChatSettings): FormValues {
  const numbers = Object.fromEntries(allNumbers.map(({ key }) => [key, settings[key] === null ? '' : String(settings[key])]));
  return {
    useCaseId: settings.useCaseId ?? '',
    connectionId: settings.connectionId ?? '',
    model: settings.model ?? '',
    systemPrompt: settings.systemPrompt ?? '',
    numbers: numbers as Record<NumberKey, string>,
    stream: flagText(settings.stream),
    reasoningTags: flagText(settings.reasoningTags),
    useMmap: flagText(settings.useMmap),
    useMlock: flagText(settings.useMlock),
    reasoningEffort: settings.reasoningEffort ?? '',
    stop: (settings.stop ?? []).join('\n'),
    logitBias: jsonText(settings.logitBias),
    parameters: jsonText(settings.parameters),
  };
}

const stopsMax = 4;

function numberOf({ min, max, isWhole = false }: NumberSpec, text: string): number | null | Fault {
  const clean = text.trim().replace(',', '.');
  if (clean === '') return null;
  const value = /^[+-]?\d*\.?\d+$/.test(clean) ? Number(clean) : Number.NaN;
  if (!(value >= min && value <= max)) return { key: isWhole ? 'whole' : 'number', min, max };
  return isWhole && !Number.isInteger(value) ? { key: 'whole', min, max } : value;
}

function objectOf(text: string): Record<string, unknown> | null | Fault {
  if (text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, as for every other text that is no object.
  }
  return { key: 'json' };
}

const isFault = (value: unknown): value is Fault => typeof value === 'object' && value !== null && 'key' in value && Object.keys(value).length <= 3 && ['number', 'whole', 'json', 'stops'].includes(String(value.key)); // prettier-ignore

/** The settings that the form says, or what is wrong with it. Both decimal signs are taken. */
export function settingsOf(values: FormValues): { settings: ChatSettings; faults: Faults } {
  const faults: Faults = {};
  const checked = <T>(name: string, value: T | Fault): T | null => {
    if (!isFault(value)) return value;
    faults[name] = value;
    return null;
  };
  const numbers = Object.fromEntries(allNumbers.map((spec) => [spec.key, checked(spec.key, numberOf(spec, values.numbers[spec.key]))]));
  const stops = values.stop.split('\n').filter((line) => line !== '');
  if (stops.length > stopsMax || stops.some((line) => line.length > 100)) faults['stop'] = { key: 'stops', max: stopsMax };
  const settings = {
    ...numbers,
    useCaseId: values.useCaseId === '' ? null : values.useCaseId,
    // A use case brings both.
    connectionId: values.connectionId === '' || values.useCaseId !== '' ? null : values.connectionId,
    model: values.model.trim() === '' || values.useCaseId !== '' ? null : values.model.trim(),
    systemPrompt: values.systemPrompt.trim() === '' ? null : values.systemPrompt,
    stream: flagOf(values.stream),
    reasoningTags: flagOf(values.reasoningTags),
    useMmap: flagOf(values.useMmap),
    useMlock: flagOf(values.useMlock),
    reasoningEffort: efforts.find((effort) => effort === values.reasoningEffort) ?? null,
    stop: stops.length === 0 ? null : stops,
    logitBias: checked('logitBias', objectOf(values.logitBias)),
    parameters: checked('parameters', objectOf(values.parameters)),
  };
  return { settings: settings as ChatSettings, faults };
}

/** A chat about which nothing was chosen. */
export const noSettings: ChatSettings = {
  useCaseId: null,
  connectionId: null,
  model: null,
  systemPrompt: null,
  temperature: null,
  maxTokens: null,
  topP: null,
  topK: null,
  minP: null,
  frequencyPenalty: null,
  presencePenalty: null,
  stream: null,
  chunkSize: null,
  reasoningTags: null,
  reasoningEffort: null,
  seed: null,
  stop: null,
  logitBias: null,
  mirostatTau: null,
  repeatLastN: null,
  repeatPenalty: null,
  tfsZ: null,
  useMmap: null,
  useMlock: null,
  parameters: null,
};
