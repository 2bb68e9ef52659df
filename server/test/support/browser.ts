/** The one Chromium of a process that runs tests: the machine's own, headless, kept from calling anyone by itself. */
import { type Browser, chromium } from 'playwright-core';
import { programOf } from './parts.ts';

/**
 * What this browser goes without: the lists under the bar of addresses, which are pages of their own in a process of their own, loaded
 * for each window and never seen. The last such list is the only one that counts, so that the other names repeat Playwright's.
 */
const withoutFeatures = [
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxPopup',
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'TcpPortRandomizationWin',
  'ThirdPartyStoragePartitioning',
  'msEdgeUpdateLaunchServicesPreferredVersion',
  'msForceBrowserSignIn',
];

/** No sandbox, because tests run as root in containers; the rest keeps Chromium from traffic and pages that no test asked for. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${withoutFeatures.join(',')}`,
  // A name that is no secure context over plain http, as a machine in an office has.
  '--host-resolver-rules=MAP lan.test 127.0.0.1',
];

const key = Symbol.for('patchbay.browser');
/** Beyond the modules, of which every file has its own. */
const place = globalThis as unknown as Record<symbol, Promise<Browser> | undefined>;
/** Set where files follow one another in this process, and the next one may want the browser, too. */
const isWorker = process.env['VITEST_POOL_ID'] !== undefined;

async function start(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: programOf('browser'), headless: true, args, handleSIGTERM: false });
  // The end of a process that runs tests.
  process.once('SIGTERM', () => void browser.close().finally(() => process.exit(0)));
  return browser;
}

/** The browser, started at the first call, and anew where it broke. Close it with `closeBrowser` in `afterAll`. */
export function openBrowser(): Promise<Browser> {
  const before = place[key];
  return (place[key] = before === undefined ? start() : before.then((open) => (open.isConnected() ? open : start()), start));
}

/** Ends all visits: their pages, cookies and stores are gone. The browser itself stays for the next file, and else ends, too. */
export async function closeBrowser(): Promise<void> {
  const open = await place[key];
  await Promise.all(open?.contexts().map((context) => context.close()) ?? []);
  if (isWorker) return;
  place[key] = undefined;
  await open?.close();
}
