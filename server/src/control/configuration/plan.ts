/** Compares a file with what there is, and says in which order the one becomes the other. */
import { Refusal, type FieldFault } from '../../domain/errors.ts';
import { ownerAway } from '../operator-connections.ts';
import { alertChannels, alertRules } from './alerts.ts';
import { aiSettings, healthSettings, limitSettings, prices, templates } from './catalogue.ts';
import { connections } from './connections.ts';
import { pathText, type Fault } from './document.ts';
import { mailServer, retention } from './house.ts';
import { numbered, numberedKey, type Context, type Current, type Kind } from './kind.ts';
import { repositories, routingGroups, workspaces } from './places.ts';
import { limits, policies, useCases } from './rules.ts';
import type { Configuration } from './shapes.ts';

export type LineOf = (path: readonly (string | number)[]) => number;

/** What a kind needs comes before it; what is taken away goes in the other order. */
export const kinds = [
  workspaces,
  connections,
  repositories,
  routingGroups,
  useCases,
  policies,
  limits,
  prices,
  templates,
  mailServer,
  alertChannels,
  alertRules,
  aiSettings,
  limitSettings,
  healthSettings,
  retention,
] as unknown as readonly Kind<object>[];
/** Sections with one object in the place of a list. */
export const singleSections: ReadonlySet<string> = new Set(['mailServer', 'aiSettings', 'limitSettings', 'healthSettings', 'retention']);
/** Sections whose objects may have the same name. */
const repeating: ReadonlySet<string> = new Set(['policies', 'prices', 'templates', 'alertRules', 'alertChannels']);

type SectionName = Exclude<keyof Configuration, 'patchbay'>;

export interface Step {
  action: 'create' | 'change' | 'delete';
  section: string;
  name: string;
  /** Names of what differs; empty for what is made or taken away. */
  fields: string[];
  /** Null for what the file does not name. */
  line: number | null;
}

export interface Planned {
  kind: Kind<object>;
  step: Step;
  spec: object | null;
  current: Current<object> | null;
  path: readonly (string | number)[];
  /** Belongs to something that an earlier step makes. */
  isSecond: boolean;
}

export interface Plan {
  planned: Planned[];
  unchanged: number;
  faults: Fault[];
}

/** Keys of what will be there afterwards, by section. */
type Known = Map<string, Set<string>>;

/** The steps from what is to what the file says. Where there are faults, none of them may be begun. */
export async function planOf(context: Context, configuration: Configuration, isPruning: boolean, lineOf: LineOf): Promise<Plan> {
  const plan: Plan = { planned: [], unchanged: 0, faults: [] };
  const removals: Planned[] = [];
  const known: Known = new Map([
    ['people', new Set([...context.deps.keeper.snapshot.people.values()].map(({ email }) => email.toLowerCase()))],
  ]);
  for (const kind of kinds) {
    const section = configuration[kind.section as SectionName];
    const currents = numbered(await kind.read(context), kind.keyOf);
    const keys = new Set(section === undefined || !isPruning ? [...currents.values()].map(({ spec }) => kind.keyOf(spec)) : []);
    known.set(kind.section, keys);
    if (section === undefined) continue;
    const specs = (singleSections.has(kind.section) ? [section].filter((one) => one !== null) : section) as object[];
    await planSection(context, { kind, specs, currents, keys, lineOf }, plan);
    if (isPruning && kind.remove) for (const current of currents.values()) removals.unshift(removalOf(kind, current));
  }
  checkReferences(configuration, known, lineOf, plan);
  plan.planned.push(...removals);
  return plan;
}

function removalOf(kind: Kind<object>, current: Current<object>): Planned {
  const step: Step = { action: 'delete', section: kind.section, name: kind.nameOf(current.spec), fields: [], line: null };
  return { kind, step, spec: null, current, path: [kind.section], isSecond: false };
}

interface SectionPlan {
  kind: Kind<object>;
  specs: readonly object[];
  /** Those that the file names are taken out of it. */
  currents: Map<string, Current<object>>;
  keys: Set<string>;
  lineOf: LineOf;
}

async function planSection(context: Context, { kind, specs, currents, keys, lineOf }: SectionPlan, plan: Plan): Promise<void> {
  const [made, changed, second]: [Planned[], Planned[], Planned[]] = [[], [], []];
  const seen = new Map<string, number>();
  // What is over comes last: of two with one name the one that holds is the one that is there.
  const isOver = (spec: object): boolean => kind.isOver?.(context, spec) ?? false;
  for (const [index, spec] of [...specs.entries()].toSorted(([, a], [, b]) => Number(isOver(a)) - Number(isOver(b)))) {
    const path = singleSections.has(kind.section) ? [kind.section] : [kind.section, index];
    const key = kind.keyOf(spec);
    const number = (seen.get(key) ?? 0) + 1;
    seen.set(key, number);
    keys.add(key);
    const current = currents.get(numberedKey(key, number)) ?? null;
    currents.delete(numberedKey(key, number));
    if (current === null && isOver(spec)) {
      plan.unchanged += 1;
      continue;
    }
    if (number > 1 && !repeating.has(kind.section))
      plan.faults.push({ line: lineOf(path), path: pathText(path), message: `${kind.nameOf(spec)} is named twice` });
    const hidden = await hiddenOf(context, kind, spec, current, { path, lineOf }, plan);
    const fields = current === null ? [] : [...new Set([...differences(kind, spec, current.spec), ...hidden])];
    if (current === null || fields.length > 0) checkOwner(context, kind, spec, { path, lineOf }, plan);
    const step: Step = {
      action: current === null ? 'create' : 'change',
      section: kind.section,
      name: kind.nameOf(spec),
      fields,
      line: lineOf(path),
    };
    const planned: Planned = { kind, step, spec, current, path, isSecond: false };
    if (current === null) made.push(planned);
    else if (fields.length > 0) changed.push(planned);
    else plan.unchanged += 1;
    const later = current === null ? (kind.laterFields?.(spec) ?? []) : [];
    if (later.length > 0) second.push({ ...planned, step: { ...step, action: 'change', fields: later }, isSecond: true });
  }
  plan.planned.push(...made, ...changed, ...second);
}

/** Private things are made and changed in their owner's name, and that must be somebody who could do it. */
function checkOwner(
  { names }: Context,
  kind: Kind<object>,
  spec: object,
  { path, lineOf }: { path: readonly (string | number)[]; lineOf: LineOf },
  plan: Plan,
): void {
  for (const { kind: noun, key, path: field, told } of kind.references(spec)) {
    if (noun !== 'people' || field[0] !== 'owner' || !names.isAway(key)) continue;
    const place = [...path, ...field];
    plan.faults.push({ line: lineOf(place), path: pathText(place), message: `${told} ${ownerAway}` });
  }
}

/** The place of a field that a refusal names, `tiers.0.input`, in the object at a path. */
export const placeOf = (path: readonly (string | number)[], field: string): (string | number)[] => [
  ...path,
  ...field
    .split('.')
    .filter(Boolean)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
];

/** Secrets that differ, or that are needed and cannot be had. */
async function hiddenOf(
  context: Context,
  kind: Kind<object>,
  spec: object,
  current: Current<object> | null,
  { path, lineOf }: { path: readonly (string | number)[]; lineOf: LineOf },
  plan: Plan,
): Promise<string[]> {
  try {
    return (await kind.hiddenChanges?.(context, spec, current)) ?? [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const details = Array.isArray(error.details) ? (error.details as FieldFault[]) : [];
    for (const { path: field, message } of details) {
      const place = placeOf(path, field);
      plan.faults.push({ line: lineOf(place), path: pathText(place), message });
    }
    if (details.length === 0) plan.faults.push({ line: lineOf(path), path: pathText(path), message: error.code });
    return [];
  }
}

/** Names of the fields in which two specs differ. */
function differences(kind: Kind<object>, spec: object, before: object): string[] {
  const [after, was] = [kind.comparable?.(spec) ?? spec, kind.comparable?.(before) ?? before] as Record<string, unknown>[];
  return Object.keys({ ...after, ...was }).filter((name) => canonical(after?.[name]) !== canonical(was?.[name]));
}

/** JSON with its keys in order: what is the same reads the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

/** Every name in the file stands for something that will be there. */
function checkReferences(configuration: Configuration, known: Known, lineOf: LineOf, plan: Plan): void {
  for (const kind of kinds) {
    const section = configuration[kind.section as SectionName];
    if (!Array.isArray(section)) continue;
    for (const [index, spec] of (section as object[]).entries())
      for (const reference of kind.references(spec)) {
        if (known.get(reference.kind)?.has(reference.key)) continue;
        const path = [kind.section, index, ...reference.path];
        plan.faults.push({ line: lineOf(path), path: pathText(path), message: `there is no ${reference.told}` });
      }
  }
}
