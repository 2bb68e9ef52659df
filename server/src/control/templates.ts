/** Starting points for new connections: one per suggested model of the catalogue, and what administrators have stored. */
import { createHash } from 'node:crypto';
import { catalog, providerRow, type ProviderRow } from '../providers/catalog.ts';
import { listTemplates, type StoredTemplate } from '../storage/templates.ts';
import type { ControlDeps } from './deps.ts';

/** The same id for the same template, in every installation and after every restart: UUID version 8 (RFC 9562, 5.8). */
function templateId(providerId: string, model: string): string {
  const hex = createHash('sha256').update(`template|${providerId}|${model}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const builtIn = (row: ProviderRow): StoredTemplate[] =>
  row.models.suggested
    .filter((model) => !Object.hasOwn(row.retired, model))
    .map((model) => ({
      id: templateId(row.id, model),
      providerId: row.id,
      name: `${row.name}: ${model}`,
      description: null,
      configuration: { model, ...(row.baseUrl === null ? {} : { baseUrl: row.baseUrl }) },
      isDefault: model === row.models.default,
    }));

/** Templates of a provider, stored ones first; a stored default takes the place of the built-in one. */
export async function templatesOf(deps: Pick<ControlDeps, 'database'>, providerId: string): Promise<StoredTemplate[]> {
  const row = providerRow(providerId);
  const stored = await listTemplates(deps.database, providerId);
  const hasDefault = stored.some((template) => template.isDefault);
  const rest = (row ? builtIn(row) : []).map((template) => (hasDefault ? { ...template, isDefault: false } : template));
  return [...stored, ...rest];
}

/** The template behind an id; undefined for an unknown one. */
export async function templateById(deps: Pick<ControlDeps, 'database'>, id: string): Promise<StoredTemplate | undefined> {
  const stored = (await listTemplates(deps.database, null)).find((template) => template.id === id);
  return stored ?? catalog.flatMap(builtIn).find((template) => template.id === id);
}
