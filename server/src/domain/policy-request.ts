/** What policies say of a request beside its texts: its models, how much is asked, what is attached, which tools are offered. */
import { attachmentKinds, type AttachmentKind, type PolicyRules, type ViolationFact } from './policy.ts';

export interface Attachment {
  kind: AttachmentKind;
  /** Of what is sent along; nought where only an address is named. */
  bytes: number;
}

export interface OfferedTool {
  name: string;
  /** The schema of its parameters; undefined where it has none. */
  parameters: unknown;
}

/** A request as these rules see it. */
export interface AskedFacts {
  promptTokens: number;
  /** Null where the request does not say. */
  outputTokensMax: number | null;
  attachments: readonly Attachment[];
  tools: readonly OfferedTool[];
}

const fact = (rule: ViolationFact['rule'], name: string, count = 1): ViolationFact => ({
  rule,
  name: name.slice(0, nameCharsMax),
  count,
  excerpt: null,
});
const nameCharsMax = 200;

/** `*` stands for any characters; everything else for itself, in any case. */
export function fitsName(patterns: readonly string[], name: string): boolean {
  const asked = name.toLowerCase();
  return patterns.some((pattern) => fits(pattern.toLowerCase().split('*'), asked));
}

/** The parts in their order, the first at the beginning and the last at the end: linear, whatever the pattern. */
function fits(parts: readonly string[], text: string): boolean {
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return first === text;
  const last = rest.pop()!;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

/** Whether a policy lets a model answer; the connection's provider may stand before it, `openai/gpt-4o`. */
export const allowsModelByPolicy = ({ models }: PolicyRules, provider: string, model: string): boolean =>
  models === undefined || models.length === 0 || fitsName(models, model) || fitsName(models, `${provider}/${model}`);

export const modelFact = (model: string): ViolationFact => fact('model', model);
/** A tool that an answer calls and the policy does not know. */
export const allowsTool = ({ tools }: PolicyRules, name: string): boolean =>
  tools === undefined || tools.length === 0 || fitsName(tools, name);
export const toolFact = (name: string): ViolationFact => fact('tool', name);
export const unreadableFact = (what: string): ViolationFact => fact('unreadable', what);

export function factsOfRequest(rules: PolicyRules, asked: AskedFacts): ViolationFact[] {
  const facts: ViolationFact[] = [];
  if (rules.promptTokensMax !== undefined && asked.promptTokens > rules.promptTokensMax)
    facts.push(fact('tokens', `prompt ${asked.promptTokens} > ${rules.promptTokensMax}`));
  if (rules.outputTokensMax !== undefined && asked.outputTokensMax !== null && asked.outputTokensMax > rules.outputTokensMax)
    facts.push(fact('tokens', `output ${asked.outputTokensMax} > ${rules.outputTokensMax}`));
  return [...facts, ...attachmentFacts(rules, asked.attachments), ...toolFacts(rules, asked.tools)];
}

function attachmentFacts(rules: PolicyRules, attachments: readonly Attachment[]): ViolationFact[] {
  const facts: ViolationFact[] = [];
  const { attachmentsMax: max, attachmentBytesMax: bytesMax, attachmentKinds: kinds } = rules;
  if (max !== undefined && attachments.length > max) facts.push(fact('attachment', `${attachments.length} > ${max}`));
  const large = bytesMax === undefined ? [] : attachments.filter(({ bytes }) => bytes > bytesMax);
  if (large.length > 0) facts.push(fact('attachment', `bytes > ${bytesMax}`, large.length));
  if (kinds === undefined) return facts;
  for (const kind of attachmentKinds) {
    const count = attachments.filter((one) => one.kind === kind).length;
    if (count > 0 && !kinds.includes(kind)) facts.push(fact('attachment', kind, count));
  }
  return facts;
}

const toolFactsMax = 10;

function toolFacts(rules: PolicyRules, tools: readonly OfferedTool[]): ViolationFact[] {
  const facts: ViolationFact[] = [];
  if (rules.toolsMax !== undefined && tools.length > rules.toolsMax) facts.push(fact('tool', `${tools.length} > ${rules.toolsMax}`));
  for (const { name, parameters } of tools) {
    if (facts.length >= toolFactsMax) break;
    if (!allowsTool(rules, name)) facts.push(fact('tool', name));
    else if (rules.isToolSchemaRequired === true && !isClosedSchema(parameters)) facts.push(fact('tool', `${name}: schema`));
  }
  return facts;
}

/** An object that names its properties and takes no others. */
function isClosedSchema(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  const { type, properties, additionalProperties } = schema as Record<string, unknown>;
  return type === 'object' && typeof properties === 'object' && properties !== null && additionalProperties === false;
}
