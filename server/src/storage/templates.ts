/** Templates that administrators keep for new connections; the built-in ones are derived, not stored. */
import type { Database } from './database.ts';

export interface StoredTemplate {
  id: string;
  providerId: string;
  name: string;
  description: string | null;
  configuration: Record<string, unknown>;
  isDefault: boolean;
}

/** Templates of one provider that one list holds at most. */
export const templatesMax = 1000;

/** Stored templates of one provider, or of all, the default first. */
export async function listTemplates({ db }: Database, providerId: string | null): Promise<StoredTemplate[]> {
  let query = db.selectFrom('provider_templates').selectAll();
  if (providerId !== null) query = query.where('provider', '=', providerId);
  const rows = await query.orderBy('provider').orderBy('is_default', 'desc').orderBy('name').limit(templatesMax).execute();
  return rows.map((row) => ({
    id: row.id,
    providerId: row.provider,
    name: row.name,
    description: row.description,
    configuration: JSON.parse(row.configuration) as Record<string, unknown>,
    isDefault: row.is_default,
  }));
}
