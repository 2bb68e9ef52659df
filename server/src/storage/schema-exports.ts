/** The tables of exported files as kysely sees them. */
import type { Generated } from 'kysely';

interface ExportTable {
  task_id: string;
  created_by: string;
  place: string | null;
  row_count: Generated<number>;
  piece_count: Generated<number>;
  packed_bytes: Generated<number>;
  is_whole: Generated<boolean>;
  created_at: number;
  expires_at: number;
}

interface ExportPieceTable {
  task_id: string;
  piece_no: number;
  packed: Uint8Array;
}

export interface ExportSchema {
  exports: ExportTable;
  export_pieces: ExportPieceTable;
}
