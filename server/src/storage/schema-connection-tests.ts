/** The table of connection tests as kysely sees it. */
import type { Generated } from 'kysely';

interface ConnectionTestTable {
  id: Generated<string>;
  connection_id: string;
  at: number;
  user_id: string;
  /** JSON. */
  result: string;
}

export interface ConnectionTestSchema {
  connection_tests: ConnectionTestTable;
}
