/** The table of use cases as kysely sees it. */

interface UseCaseTable {
  id: string;
  slug: string;
  name: string;
  name_key: string;
  description: string;
  connection_id: string | null;
  model: string | null;
  system_prompt: string;
  base_knowledge: string;
  /** JSON object. */
  parameters: string;
  /** JSON list; null is all roles. */
  allowed_roles: string | null;
  priority: number;
  /** JSON list of connection ids. */
  fallback: string;
  /** JSON object of switches. */
  inject: string;
  is_active: boolean;
  created_by: string;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  revision: number;
}

export interface UseCaseSchema {
  use_cases: UseCaseTable;
}
