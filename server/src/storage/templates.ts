/** Templates that administrators keep for new connections; the built-in ones are derived, not stored. */
import { isUuid } from '../lib/ids.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface StoredTemplate {
  id: string;
  providerId: string;
  name: string;
  description: string | null;
  configuration: Record<string, unknown>;
  isDefault: boolean;
  createdAtMs: number;
  /** Of the last change; written by the database. */
  revision: number;
}

/** Templates of one provider that one list holds at most. */
export const templatesMax = 1000;

interface TemplateRow {
  id: string;
  provider: string;
  name: string;
  description: string | null;
  configuration: string;
  is_default: boolean;
  created_at: number;
  revision: number;
}

const templateOfRow = (row: TemplateRow): StoredTemplate => ({
  id: row.id,
  providerId: row.provider,
  name: row.name,
  description: row.description,
  configuration: JSON.parse(row.configuration) as Record<string, unknown>,
  isDefault: row.is_default,
  createdAtMs: row.created_at,
  revision: row.revision,
});

/** Stored templates of one provider, or of all, the default first. */
export async function listTemplates({ db }: Database, providerId: string | null): Promise<StoredTemplate[]> {
  let query = db.selectFrom('provider_templates').selectAll();
  if (providerId !== null) query = query.where('provider', '=', providerId);
  const rows = await query.orderBy('provider').orderBy('is_default', 'desc').orderBy('name').limit(templatesMax).execute();
  return rows.map(templateOfRow);
}

/** Undefined for an unknown id, and for one that is none. */
export async function findTemplate({ db }: Database, id: string): Promise<StoredTemplate | undefined> {
  if (!isUuid(id)) return undefined;
  const row = await db.selectFrom('provider_templates').selectAll().where('id', '=', id).executeTakeFirst();
  return row && templateOfRow(row);
}

export async function countTemplates({ db }: Database): Promise<number> {
  const { count } = await db
    .selectFrom('provider_templates')
    .select((of) => of.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** Takes the default away from the provider's other template that has it; `exceptId` is the one that gets or keeps it. */
export const clearDefault = ({ db, compile }: Database, providerId: string, exceptId: string): Statement =>
  compile(
    db
      .updateTable('provider_templates')
      .set({ is_default: false, revision: thisRevision })
      .where('provider', '=', providerId)
      .where('is_default', '=', true)
      .where('id', '!=', exceptId),
  );

export const insertTemplate = ({ db, compile }: Database, template: StoredTemplate): Statement =>
  compile(
    db.insertInto('provider_templates').values({
      id: template.id,
      provider: template.providerId,
      name: template.name,
      description: template.description,
      configuration: JSON.stringify(template.configuration),
      is_default: template.isDefault,
      created_at: template.createdAtMs,
      revision: thisRevision,
    }),
  );

/** Name of the condition that a template is still there, and as it was read. */
export const templateThere = 'template';

export const updateTemplate = ({ db, compile }: Database, template: StoredTemplate): Statement => ({
  ...compile(
    db
      .updateTable('provider_templates')
      .set({
        name: template.name,
        description: template.description,
        configuration: JSON.stringify(template.configuration),
        is_default: template.isDefault,
        revision: thisRevision,
      })
      .where('id', '=', template.id)
      .where('revision', '=', template.revision),
  ),
  expectRows: 1,
  label: templateThere,
});

export const deleteTemplate = ({ db, compile }: Database, id: string): Statement => ({
  ...compile(db.deleteFrom('provider_templates').where('id', '=', id)),
  expectRows: 1,
  label: templateThere,
});
