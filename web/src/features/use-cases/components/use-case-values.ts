/** The form of a use case: texts while they are typed, and what they mean once they are saved. Pure. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { isBlank } from '@patchbay/contract/blank';
import type { TemperaturePreset, UseCaseCreate, UseCaseTry, UseCaseView } from '@patchbay/contract/use-cases';

export const roleNames = ['administrator', 'manager', 'user'] as const;
export type RoleName = (typeof roleNames)[number];

/** As the contract has them, written here so that the page carries no schemas. */
export const presets: Readonly<Record<TemperaturePreset, string>> = { strict: '0.2', balanced: '0.7', creative: '1' };
export const presetNames = ['strict', 'balanced', 'creative'] as const;

export interface Values {
  name: string;
  slug: string;
  description: string;
  connectionId: string;
  model: string;
  fallbackConnectionIds: readonly string[];
  systemPrompt: string;
  baseKnowledge: string;
  temperature: string;
  /** The value is typed, whether it equals a preset or not. */
  isOther: boolean;
  maxTokens: string;
  /** Null as long as nobody chose: nothing is no choice (D-20). */
  allRoles: boolean | null;
  allowedRoles: readonly RoleName[];
  injectContext: { user: boolean; time: boolean; page: boolean };
  priority: string;
  isActive: boolean;
}

export const faultNames = ['name', 'slug', 'connectionId', 'model', 'fallbackConnectionIds', 'systemPrompt', 'temperature', 'maxTokens', 'allowedRoles', 'priority'] as const; // prettier-ignore
export type FaultName = (typeof faultNames)[number];

/** What the fields of the form are handed. */
export interface FieldsProps {
  values: Values;
  faults: readonly FaultName[];
  models: readonly AiConnection[];
  isNew: boolean;
  onChange: (part: Partial<Values>) => void;
}

const presetOf = (text: string): TemperaturePreset | undefined =>
  presetNames.find((name) => Number(presets[name]) === Number(text) && text !== '');
export const chosenPreset = ({ temperature, isOther }: Pick<Values, 'temperature' | 'isOther'>): TemperaturePreset | 'other' =>
  isOther ? 'other' : (presetOf(temperature) ?? 'other');

export const newValues: Values = {
  name: '',
  slug: '',
  description: '',
  connectionId: '',
  model: '',
  fallbackConnectionIds: [],
  systemPrompt: '',
  baseKnowledge: '',
  temperature: presets.balanced,
  isOther: false,
  maxTokens: '',
  allRoles: null,
  allowedRoles: [],
  injectContext: { user: false, time: false, page: false },
  priority: '0',
  isActive: true,
};

export const valuesOf = (of: UseCaseView): Values => ({
  name: of.name,
  slug: of.slug,
  description: of.description,
  connectionId: of.connectionId ?? '',
  model: of.model ?? '',
  fallbackConnectionIds: of.fallbackConnectionIds,
  systemPrompt: of.systemPrompt,
  baseKnowledge: of.baseKnowledge,
  temperature: of.temperature === null ? '' : String(of.temperature),
  isOther: of.temperature === null || presetOf(String(of.temperature)) === undefined,
  maxTokens: of.maxTokens === null ? '' : String(of.maxTokens),
  allRoles: of.allRoles,
  allowedRoles: of.allowedRoles,
  injectContext: of.injectContext,
  priority: String(of.priority),
  isActive: of.isActive,
});

/** Both decimal signs are taken; null for nothing, NaN for what is no number. */
function numberOf(text: string): number | null {
  const clean = text.trim().replace(',', '.');
  if (clean === '') return null;
  return /^\d*\.?\d+$/.test(clean) ? Number(clean) : Number.NaN;
}

const isWithin = (value: number | null, min: number, max: number): boolean => value === null || (value >= min && value <= max);
const isWhole = (value: number | null): boolean => value === null || Number.isInteger(value);
const slugForm = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** What the form itself can tell; the server looks again. */
export function faultsOf(values: Values): FaultName[] {
  const faults: FaultName[] = [];
  const check = (name: FaultName, isRight: boolean): void => void (isRight || faults.push(name));
  const [temperature, maxTokens, priority] = [numberOf(values.temperature), numberOf(values.maxTokens), numberOf(values.priority)];
  check('name', !isBlank(values.name));
  check('slug', values.slug.trim() === '' || slugForm.test(values.slug.trim()));
  check('connectionId', values.connectionId !== '');
  check('systemPrompt', values.systemPrompt.trim() !== '');
  check('temperature', isWithin(temperature, 0, 2));
  check('maxTokens', isWithin(maxTokens, 1, 1_000_000) && isWhole(maxTokens));
  check('allowedRoles', values.allRoles === true || (values.allRoles === false && values.allowedRoles.length > 0));
  check('priority', isWithin(priority ?? 0, 0, 1000) && isWhole(priority));
  return faults;
}

const textOrNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

const askedOf = (values: Values) => ({
  connectionId: values.connectionId,
  model: textOrNull(values.model),
  systemPrompt: values.systemPrompt,
  baseKnowledge: values.baseKnowledge,
  temperature: numberOf(values.temperature),
  maxTokens: numberOf(values.maxTokens),
  injectContext: values.injectContext,
});

/** Without the slug, which a stored use case keeps. */
export const inputOf = (values: Values): Omit<UseCaseCreate, 'slug'> => ({
  ...askedOf(values),
  name: values.name.trim(),
  description: values.description,
  fallbackConnectionIds: [...values.fallbackConnectionIds],
  allRoles: values.allRoles === true,
  allowedRoles: values.allRoles === true ? [] : [...values.allowedRoles],
  priority: numberOf(values.priority) ?? 0,
  isActive: values.isActive,
});

/** Null as long as there is nothing that could be asked. */
export function tryOf(values: Values, question: string): UseCaseTry | null {
  const isReady = values.connectionId !== '' && values.systemPrompt.trim() !== '' && question.trim() !== '';
  const hasFault = faultsOf(values).some((name) => name === 'temperature' || name === 'maxTokens');
  return isReady && !hasFault ? { ...askedOf(values), question } : null;
}
