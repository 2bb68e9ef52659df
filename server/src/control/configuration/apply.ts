/** Reads the whole configuration, and makes it what a file says: in the order of what depends on what, each object by itself and audited. */
import { Refusal, type FieldFault } from '../../domain/errors.ts';
import type { Caller } from '../change.ts';
import { emptyConfiguration, readDocument, textOf, type Fault } from './document.ts';
import type { ConfigurationDeps, Context } from './kind.ts';
import { loadNames } from './names.ts';
import { kinds, placeOf, planOf, singleSections, type LineOf, type Planned, type Step } from './plan.ts';
import type { Configuration } from './shapes.ts';

async function contextOf(deps: ConfigurationDeps, caller: Caller, secrets: ReadonlyMap<string, string>): Promise<Context> {
  return { deps, caller, secrets, names: await loadNames(deps) };
}

/** The configuration as it is, in one text: the same configuration gives the same bytes. */
export async function exportConfiguration(deps: ConfigurationDeps, caller: Caller): Promise<string> {
  const context = await contextOf(deps, caller, new Map());
  const whole: Record<string, unknown> = emptyConfiguration();
  for (const kind of kinds) {
    const specs = (await kind.read(context)).map(({ spec }) => spec);
    if (singleSections.has(kind.section)) {
      // What can be taken away is named where it is not there, as an empty list is.
      if (specs[0] !== undefined || kind.remove) whole[kind.section] = specs[0] ?? null;
    } else whole[kind.section] = specs;
  }
  return textOf(whole as unknown as Configuration);
}

export interface ApplyWish {
  text: string;
  /** Values of the secret references that could be read, by reference. */
  secrets: Record<string, string>;
  isDryRun: boolean;
  isPruning: boolean;
}

export interface Applied {
  steps: Step[];
  unchanged: number;
  /** Steps that were carried out: all of them, none in a trial, or those before the first that was refused. */
  done: number;
  faults: Fault[];
}

/** Carries out what differs, or with `isDryRun` says it. Faults of the file come with their lines; where there are any nothing is begun. */
export async function applyConfiguration(deps: ConfigurationDeps, caller: Caller, wish: ApplyWish): Promise<Applied> {
  const { configuration, faults, lineOf } = readDocument(wish.text);
  if (configuration === null) return { steps: [], unchanged: 0, done: 0, faults };
  const context = await contextOf(deps, { ...caller, isApplying: true }, new Map(Object.entries(wish.secrets)));
  const plan = await planOf(context, configuration, wish.isPruning, lineOf);
  const steps = plan.planned.map(({ step }) => step);
  if (plan.faults.length > 0 || wish.isDryRun) return { steps, unchanged: plan.unchanged, done: 0, faults: plan.faults };
  let done = 0;
  for (const one of plan.planned) {
    try {
      await carryOut({ ...context, names: await loadNames(deps) }, one);
    } catch (error) {
      return { steps, unchanged: plan.unchanged, done, faults: faultsOf(error, one, lineOf) };
    }
    done += 1;
  }
  return { steps, unchanged: plan.unchanged, done, faults: [] };
}

async function carryOut(context: Context, { kind, step, spec, current, isSecond }: Planned): Promise<void> {
  if (step.action === 'delete') {
    if (current) await kind.remove?.(context, current);
    return;
  }
  if (spec === null) return;
  // What was made a moment ago is looked up: its id was not known when this was planned.
  const made = isSecond ? (await kind.read(context)).find((one) => kind.keyOf(one.spec) === kind.keyOf(spec)) : undefined;
  const before = made ?? current;
  if (before) await kind.change(context, before, spec);
  else await kind.create(context, spec);
}

function faultsOf(error: unknown, { step, path }: Planned, lineOf: LineOf): Fault[] {
  if (!(error instanceof Refusal)) throw error;
  const about = `${step.section} ${step.name}`;
  const details = Array.isArray(error.details) ? (error.details as Partial<FieldFault>[]) : [];
  const fields = details.filter((one): one is FieldFault => typeof one.path === 'string' && typeof one.message === 'string');
  if (fields.length === 0) return [{ line: lineOf(path), path: about, message: error.code }];
  return fields.map((field) => {
    const place = placeOf(path, field.path);
    return { line: lineOf(place), path: `${about}${field.path === '' ? '' : `: ${field.path}`}`, message: field.message };
  });
}
