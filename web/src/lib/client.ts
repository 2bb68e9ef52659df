/** The one client of this page. The browser's session is its right; nothing else in the page sends requests. */
import { PatchbayClient } from '@patchbay/client';
import { answerOf } from './early.ts';
import { basePath } from './page.ts';

// A page says at once what it was answered; what is worth asking again, its queries ask again.
export const client = new PatchbayClient({
  baseUrl: new URL(basePath, location.origin).href,
  timeoutMs: 30_000,
  retries: 0,
  fetch: answerOf,
});
