/** What the data plane's face is handed. */
import type { GatewayDeps } from '../../gateway/order.ts';
import type { Database } from '../../storage/database.ts';

export interface OpenAiFaceDeps extends GatewayDeps {
  /** Responses are kept in it; nothing else of this face waits for it. */
  database: Database;
  /** Where uploads lie while they are passed on, in files without a name. */
  uploadsDir: string;
  /** The user behind a session cookie, for the chat page; null for none. */
  sessions: { userIdOf(headers: Record<string, string | string[] | undefined>): Promise<string | null> };
  /** Whether a page of this origin may use a session here: this server's own ones. */
  isOwnOrigin(origin: string, host: string | undefined): boolean;
  usedKeys: { note(accessKeyId: string): void };
}
