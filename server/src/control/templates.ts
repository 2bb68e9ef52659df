/** Starting points for new connections: some for a purpose, one for each other suggested model, and what administrators keep. */
import { createHash } from 'node:crypto';
import { translate, type Language } from '@patchbay/contract/translate';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import { catalog, providerRow, type ProviderRow } from '../providers/catalog.ts';
import { settingsFaults } from '../providers/schemas.ts';
import { startersOf, type Purpose } from '../providers/starters.ts';
import {
  clearDefault,
  countTemplates,
  deleteTemplate,
  findTemplate,
  insertTemplate,
  listTemplates,
  templateThere,
  templatesMax,
  updateTemplate,
  type StoredTemplate,
} from '../storage/templates.ts';
import { commit, keptState, type Caller, type Deed } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { refuseStale, type Expected } from './conflict.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';

export interface Template extends Omit<StoredTemplate, 'createdAtMs' | 'revision'> {
  /** Null for one of the house's own. */
  revision: number | null;
  /** Null for one of the house's own, which nobody can change. */
  createdAtMs: number | null;
  /** What it is for; null for a plain one and for those of administrators. */
  purpose: Purpose | null;
}

const texts: Readonly<Record<Purpose, readonly [name: string, about: string]>> = {
  saver: ['templates.saverName', 'templates.saverAbout'],
  fast: ['templates.fastName', 'templates.fastAbout'],
  reasoning: ['templates.reasoningName', 'templates.reasoningAbout'],
  long: ['templates.longName', 'templates.longAbout'],
  code: ['templates.codeName', 'templates.codeAbout'],
  embeddings: ['templates.embeddingsName', 'templates.embeddingsAbout'],
  private: ['templates.privateName', 'templates.privateAbout'],
};

/** The same id for the same template, in every installation and after every restart: UUID version 8 (RFC 9562, 5.8). */
function templateId(...parts: readonly string[]): string {
  const hex = createHash('sha256')
    .update(['template', ...parts].join('|'))
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function builtIn(row: ProviderRow, language: Language): Template[] {
  const address = row.baseUrl === null ? {} : { baseUrl: row.baseUrl };
  const forPurposes = startersOf(row.id).map(({ purpose, model, settings }): Template => ({
    id: templateId(row.id, model, purpose),
    providerId: row.id,
    name: `${translate(language, texts[purpose][0])}: ${model}`,
    description: translate(language, texts[purpose][1]),
    configuration: { model, ...address, ...settings },
    isDefault: false,
    createdAtMs: null,
    revision: null,
    purpose,
  }));
  const used = new Set(forPurposes.map(({ configuration }) => configuration['model']));
  const plain = row.models.suggested
    .filter((model) => !used.has(model) && !Object.hasOwn(row.retired, model))
    .map((model): Template => ({
      id: templateId(row.id, model),
      providerId: row.id,
      name: `${row.name}: ${model}`,
      description: null,
      configuration: { model, ...address },
      isDefault: false,
      createdAtMs: null,
      revision: null,
      purpose: null,
    }));
  const all = [...forPurposes, ...plain];
  const usual = all.find(({ configuration }) => configuration['model'] === row.models.default);
  if (usual) usual.isDefault = true;
  return all;
}

const kept = (template: StoredTemplate): Template => ({ ...template, purpose: null });

/** Templates of a provider, stored ones first; a stored default takes the place of the built-in one. */
export async function templatesOf(deps: Pick<ControlDeps, 'database'>, providerId: string, language: Language): Promise<Template[]> {
  const row = providerRow(providerId);
  const stored = await listTemplates(deps.database, providerId);
  const hasDefault = stored.some((template) => template.isDefault);
  const rest = (row ? builtIn(row, language) : []).map((template) => (hasDefault ? { ...template, isDefault: false } : template));
  return [...stored.map(kept), ...rest];
}

/** The template behind an id; undefined for an unknown one. */
export async function templateById(deps: Pick<ControlDeps, 'database'>, id: string): Promise<Template | undefined> {
  const stored = await findTemplate(deps.database, id);
  if (stored) return kept(stored);
  return catalog.flatMap((row) => builtIn(row, 'en')).find((template) => template.id === id);
}

/** What an administrator enters. */
export interface EnteredTemplate {
  name: string;
  description: string | null;
  configuration: Record<string, unknown>;
  isDefault: boolean;
}

/** Templates that administrators keep, of one provider or of all. */
export const keptTemplates = async (deps: ControlDeps, providerId: string | null): Promise<Template[]> =>
  (await listTemplates(deps.database, providerId)).map(kept);

const fault = (path: string, code: string, message: string): FieldFault => ({ path, code, message });

/** Names by which a key may be written; a template has none, whatever its provider calls it (D-28). */
const secretNames = new Set(['apikey', 'api_key', 'secret', 'token', 'authorization', 'password']);

function requireFit(providerId: string, { configuration }: EnteredTemplate): void {
  const row = providerRow(providerId);
  if (!row) throw new Refusal('UNKNOWN_PROVIDER', { values: { provider: providerId.slice(0, 100) } });
  const faults: FieldFault[] = [];
  const { model, baseUrl, headers, ...settings } = configuration;
  for (const name of Object.keys(configuration))
    if (secretNames.has(name.toLowerCase()))
      faults.push(fault(`configuration.${name}`, 'secret', 'a template holds no key: whoever uses it enters their own'));
  // Headers carry keys as often as not, and everybody who is signed in reads templates.
  if (headers !== undefined) faults.push(fault('configuration.headers', 'secret', 'a template holds no headers'));
  for (const [name, value, charsMax] of [
    ['model', model, 255],
    ['baseUrl', baseUrl, 500],
  ] as const)
    if (value !== undefined && (typeof value !== 'string' || value.trim() === '' || value.length > charsMax))
      faults.push(fault(`configuration.${name}`, 'invalid_type', `a text of at most ${charsMax} characters`));
  if (faults.length === 0)
    for (const found of settingsFaults(row, typeof model === 'string' ? model : null, settings))
      faults.push({ ...found, path: `configuration.${found.path}` });
  if (faults.length > 0) throw unfit(...faults);
}

const deedOn = (action: string, { id, providerId, name }: StoredTemplate, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType: 'template',
  subjectId: id,
  subjectName: `${providerId}/${name}`.slice(0, 255),
  owner: null,
  changes,
});

/** @throws Refusal UNKNOWN_PROVIDER, VALIDATION_ERROR for what does not fit the provider's form, for a key, and for one too many */
export async function addTemplate(deps: ControlDeps, caller: Caller, providerId: string, entered: EnteredTemplate): Promise<Template> {
  requireFit(providerId, entered);
  if ((await countTemplates(deps.database)) >= templatesMax)
    throw unfit(fault('provider', 'too_many', `at most ${templatesMax} templates`));
  const template: StoredTemplate = { ...entered, id: deps.ids.uuid(), providerId, createdAtMs: deps.clock.nowMs(), revision: 0 };
  const cleared = template.isDefault ? [clearDefault(deps.database, providerId, template.id)] : [];
  const steps = [...cleared, insertTemplate(deps.database, template)];
  const changes = { configuration: { after: template.configuration } };
  const deed = { ...deedOn('template.create', template, changes), state: keptState(null, null, stateOf(template)) };
  await commit(deps, caller, steps, deed);
  return kept(await requireTemplate(deps, template.id));
}

/** What its history keeps of a template. */
const stateOf = ({ providerId, name, description, configuration, isDefault }: StoredTemplate): Record<string, unknown> => ({
  providerId,
  name,
  description,
  configuration,
  isDefault,
});
/** Found beside its history, where it was changed by another template's becoming the default, or is older than histories of templates. */
const foundOf = ({ revision, createdAtMs }: StoredTemplate) => ({ revision, updatedAtMs: createdAtMs });

/** A template that administrators keep. @throws Refusal NOT_FOUND, also for a built-in one */
export async function requireTemplate(deps: Pick<ControlDeps, 'database'>, id: string): Promise<StoredTemplate> {
  const found = await findTemplate(deps.database, id);
  if (!found) throw notFound();
  return found;
}

/** Its provider stays. @throws Refusal NOT_FOUND, also for a built-in one; CONFLICT, STALE; VALIDATION_ERROR as `addTemplate` */
export function changeTemplate(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  entered: EnteredTemplate,
  expected?: Expected<Template>,
): Promise<Template> {
  return againWhileStale(async () => {
    const before = await requireTemplate(deps, id);
    await refuseStale(deps, expected, { row: kept(before), revision: before.revision, type: 'template', id });
    requireFit(before.providerId, entered);
    const template: StoredTemplate = { ...before, ...entered };
    // The index knows one default per provider at any moment, so the old one goes first.
    const cleared = template.isDefault ? [clearDefault(deps.database, before.providerId, id)] : [];
    const changes = { configuration: { before: before.configuration, after: template.configuration } };
    const state = keptState(foundOf(before), stateOf(before), stateOf(template));
    const deed = { ...deedOn('template.update', template, changes), state };
    const work = commit(deps, caller, [...cleared, updateTemplate(deps.database, template)], deed);
    await refusing(work, { [templateThere]: stale });
    return kept(await requireTemplate(deps, id));
  });
}

/** Connections that were made from it keep what they have. @throws Refusal NOT_FOUND, also for a built-in one */
export async function removeTemplate(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const before = await requireTemplate(deps, id);
  const deed = { ...deedOn('template.delete', before), state: keptState(foundOf(before), stateOf(before), null) };
  await refusing(commit(deps, caller, [deleteTemplate(deps.database, id)], deed), { [templateThere]: notFound });
}
