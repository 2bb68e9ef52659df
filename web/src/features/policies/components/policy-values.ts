/** The form of a policy: texts while they are typed, and what they mean once they are saved. Pure. */
import { isBlank } from '@patchbay/contract/blank';
import type { DetectorId, PolicyActionName, PolicyCreate, PolicyRulesBody, PolicyView, RiskName } from '@patchbay/contract/policies';

/* As the contract has them, written here so that the page carries no schemas. */
export const risks: readonly RiskName[] = ['LOW', 'MEDIUM', 'HIGH'];
export const actions: readonly PolicyActionName[] = ['log', 'alert', 'redact', 'block'];
export const sides = ['both', 'prompt', 'answer'] as const;
export const detectors: readonly DetectorId[] = ['email', 'phone', 'nik', 'npwp', 'passport', 'account', 'card', 'iban', 'ip', 'secret'];
export const kinds = ['image', 'audio', 'video', 'file'] as const;
export type Kind = (typeof kinds)[number];

export interface Values {
  /** `` is the organization, `workspace` the workspace that is shown, else the id of a repository. */
  place: string;
  name: string;
  content: string;
  risk: RiskName;
  action: PolicyActionName;
  side: (typeof sides)[number];
  /** One a line. */
  keywords: string;
  patterns: string;
  personalData: readonly DetectorId[];
  models: string;
  promptTokensMax: string;
  outputTokensMax: string;
  attachmentsMax: string;
  attachmentMegabytesMax: string;
  /** Null is every kind. */
  attachmentKinds: readonly Kind[] | null;
  tools: string;
  toolsMax: string;
  isToolSchemaRequired: boolean;
  judgeConnectionId: string;
  judgeModel: string;
  isActive: boolean;
}

export const newValues: Values = {
  place: '',
  name: '',
  content: '',
  risk: 'MEDIUM',
  action: 'log',
  side: 'both',
  keywords: '',
  patterns: '',
  personalData: [],
  models: '',
  promptTokensMax: '',
  outputTokensMax: '',
  attachmentsMax: '',
  attachmentMegabytesMax: '',
  attachmentKinds: null,
  tools: '',
  toolsMax: '',
  isToolSchemaRequired: false,
  judgeConnectionId: '',
  judgeModel: '',
  isActive: true,
};

const megabyte = 1_000_000;
const textOf = (number: number | undefined): string => (number === undefined ? '' : String(number));
const linesOf = (lines: readonly string[] | undefined): string => (lines ?? []).join('\n');

export const valuesOf = ({ rules, judge, ...of }: PolicyView): Values => ({
  place: of.repository?.id ?? (of.workspace === null ? '' : 'workspace'),
  name: of.name,
  content: of.content,
  risk: of.risk,
  action: of.action,
  side: of.side,
  keywords: linesOf(rules.keywords),
  patterns: linesOf(rules.patterns),
  personalData: rules.personalData ?? [],
  models: linesOf(rules.models),
  promptTokensMax: textOf(rules.promptTokensMax),
  outputTokensMax: textOf(rules.outputTokensMax),
  attachmentsMax: textOf(rules.attachmentsMax),
  attachmentMegabytesMax: rules.attachmentBytesMax === undefined ? '' : String(rules.attachmentBytesMax / megabyte),
  attachmentKinds: rules.attachmentKinds ?? null,
  tools: linesOf(rules.tools),
  toolsMax: textOf(rules.toolsMax),
  isToolSchemaRequired: rules.isToolSchemaRequired === true,
  judgeConnectionId: judge?.connectionId ?? '',
  judgeModel: judge?.model ?? '',
  isActive: of.isActive,
});

/** Lines that say something, without the blanks around them; a pattern keeps its own. */
export const linesIn = (text: string, keepsBlanks = false): string[] =>
  text
    .split('\n')
    .map((line) => (keepsBlanks ? line.replace(/\r$/, '') : line.trim()))
    .filter((line) => line.trim() !== '');

/** Undefined for nothing, NaN for what is no whole number. */
function countOf(text: string, factor = 1): number | undefined {
  const clean = text.trim().replace(',', '.');
  if (clean === '') return undefined;
  const isRight = factor === 1 ? /^\d{1,9}$/.test(clean) : /^\d{0,6}\.?\d{1,3}$/.test(clean);
  return isRight ? Math.round(Number(clean) * factor) : Number.NaN;
}

/** What is empty is no rule. */
export function rulesOf(values: Values): PolicyRulesBody {
  const rules: PolicyRulesBody = {};
  const lists = {
    keywords: linesIn(values.keywords),
    patterns: linesIn(values.patterns, true),
    models: linesIn(values.models),
    tools: linesIn(values.tools),
  };
  for (const [name, lines] of Object.entries(lists)) if (lines.length > 0) rules[name as keyof typeof lists] = lines;
  if (values.personalData.length > 0) rules.personalData = [...values.personalData];
  for (const name of countNames) {
    const count = countOf(values[name]);
    if (count !== undefined) rules[name] = count;
  }
  const bytes = countOf(values.attachmentMegabytesMax, megabyte);
  if (bytes !== undefined) rules.attachmentBytesMax = bytes;
  if (values.attachmentKinds !== null) rules.attachmentKinds = [...values.attachmentKinds];
  if (values.isToolSchemaRequired) rules.isToolSchemaRequired = true;
  return rules;
}

export const countNames = ['promptTokensMax', 'outputTokensMax', 'attachmentsMax', 'toolsMax'] as const;
export const faultNames = ['name', 'keywords', 'patterns', ...countNames, 'attachmentMegabytesMax', 'judgeModel', 'rules'] as const;
export type FaultName = (typeof faultNames)[number];

const keywordCharsMin = 2;

/** What the form itself can tell; the server looks again. */
export function faultsOf(values: Values): FaultName[] {
  const faults: FaultName[] = [];
  const check = (name: FaultName, isRight: boolean): void => void (isRight || faults.push(name));
  check('name', !isBlank(values.name));
  check(
    'keywords',
    linesIn(values.keywords).every((word) => word.length >= keywordCharsMin),
  );
  for (const name of countNames) check(name, !Number.isNaN(countOf(values[name])));
  check('attachmentMegabytesMax', !Number.isNaN(countOf(values.attachmentMegabytesMax, megabyte)));
  check('judgeModel', (values.judgeConnectionId === '') === (values.judgeModel.trim() === ''));
  check('rules', values.action !== 'redact' || isCovering(values));
  return faults;
}

/** Redaction covers words, so it needs rules that find words, and no others. */
function isCovering(values: Values): boolean {
  const { keywords, patterns, personalData, ...others } = rulesOf(values);
  const finds = (keywords ?? patterns ?? personalData) !== undefined;
  return finds && Object.keys(others).length === 0 && values.judgeConnectionId === '';
}

export const inputOf = (values: Values): Omit<PolicyCreate, 'workspaceId' | 'repositoryId'> => ({
  name: values.name.trim(),
  content: values.content,
  risk: values.risk,
  action: values.action,
  side: values.side,
  rules: rulesOf(values),
  judge: values.judgeConnectionId === '' ? null : { connectionId: values.judgeConnectionId, model: values.judgeModel.trim() },
  isActive: values.isActive,
});
