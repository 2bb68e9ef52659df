/** Whether the server is within reach, asked anew. Small, and free of everything else: the first script of a page has it, too. */
import { basePath } from './page.ts';

const waitMs = 2_500;

/** TRUE where the server itself answers: a proxy that stands in for one that is gone says 502, 503 or 504. Never rejects. */
export async function isServerThere(): Promise<boolean> {
  try {
    const answer = await fetch(`${basePath}healthz`, { cache: 'no-store', signal: AbortSignal.timeout(waitMs) });
    return answer.status < 500;
  } catch {
    return false;
  }
}
