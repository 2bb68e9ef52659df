/** Where Patchbay answers and who asks, from the environment: what every example begins with. */
import { PatchbayClient } from '@patchbay/client';

const named = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}`);
  return value;
};

/** `PATCHBAY_TOKEN` is a personal token (`pat-pb-...`) for the control plane, `PATCHBAY_KEY` an access key (`sk-pb-...`) for `/v1`. */
export const client = new PatchbayClient({
  baseUrl: named('PATCHBAY_URL'),
  accessToken: named('PATCHBAY_TOKEN'),
  accessKey: process.env['PATCHBAY_KEY'],
});
