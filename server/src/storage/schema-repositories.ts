/** The tables of repositories as kysely sees them. */
import type { Generated } from 'kysely';

interface RepositoryTable {
  id: Generated<string>;
  workspace_id: string;
  name: string;
  name_key: string;
  created_by: string | null;
  created_at: Generated<number>;
  updated_at: Generated<number>;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface RepositoryConnectionTable {
  repository_id: string;
  position: number;
  connection_id: string;
}

export interface RepositorySchema {
  repositories: RepositoryTable;
  repository_connections: RepositoryConnectionTable;
}
