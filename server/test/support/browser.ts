/** The one Chromium of a test file: the machine's own, headless, kept from calling anyone by itself. */
import { type Browser, chromium } from 'playwright-core';
import { programOf } from './parts.ts';

/** No sandbox, because tests run as root in containers; the rest keeps Chromium from traffic and pages that no test asked for. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A name that is no secure context over plain http, as a machine in an office has.
  '--host-resolver-rules=MAP lan.test 127.0.0.1',
];

let shared: Promise<Browser> | undefined;

/** The browser of this test file, started at the first call. Close it with `closeBrowser` in `afterAll`. */
export function openBrowser(): Promise<Browser> {
  shared ??= chromium.launch({ executablePath: programOf('browser'), headless: true, args });
  return shared;
}

export async function closeBrowser(): Promise<void> {
  const open = shared;
  shared = undefined;
  await (await open)?.close();
}
