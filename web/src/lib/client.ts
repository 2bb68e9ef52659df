/** The one client of this page. The browser's session is its right; nothing else in the page sends requests. */
import { PatchbayClient } from '@patchbay/client';
import { basePath } from './page.ts';

export const client = new PatchbayClient({ baseUrl: new URL(basePath, location.origin).href, timeoutMs: 30_000 });
