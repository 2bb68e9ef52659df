/** The tester against providers that fail in every known way: what it says in both languages, and that real traffic agrees with it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { movingClock } from '../../server/test/support/moving-clock.ts';
import { needs } from '../../server/test/support/parts.ts';
import { until } from '../../server/test/support/wait.ts';
import { chooseLanguage, openPages, signIn, type Pages } from './support/pages.ts';
import { startVendor, type Vendor, type VendorAnswer } from './support/vendor.ts';
import { visit, type Visitor } from './support/visitor.ts';

interface Case {
  name: string;
  /** An address of its own; the vendor's without it. */
  baseUrl?: string;
  /** Asked for by https, which the vendor does not speak. */
  isSecure?: boolean;
  list?: VendorAnswer;
  completion?: VendorAnswer;
  step: number;
  /** Title, and a word of what to check and to do. */
  English: [string, RegExp];
  Indonesian: [string, RegExp];
}

const error = (status: number, code: string, headers?: Record<string, string>): VendorAnswer => ({
  status,
  headers,
  body: { error: { message: `no: ${code}`, type: 'invalid_request_error', code } },
});
const both = (answer: VendorAnswer): Pick<Case, 'list' | 'completion'> => ({ list: answer, completion: answer });
const unreachable = {
  English: ['Connection Failed', /API URL.*\/v1 or \/chat\/completions/],
  Indonesian: ['Gagal Terhubung', /URL API.*\/v1 atau \/chat\/completions/],
} satisfies Pick<Case, 'English' | 'Indonesian'>;
/** A test of a provider that is silent ends by itself, after so long. */
const silentMsMax = 15_000;
/** Less than the database has for an answer. */
const stepMs = 5_000;
const reach = 0;
const encrypt = 1;
const authenticate = 2;
const completion = 4;

/** Four, so that one person's tests of a minute are enough for both languages. */
const first: Case[] = [
  { name: 'Refused', baseUrl: 'http://127.0.0.1:9/v1', step: reach, ...unreachable },
  { name: 'No host', baseUrl: 'https://no-such-host.invalid/v1', step: reach, ...unreachable },
  {
    name: 'Bad key',
    ...both(error(401, 'invalid_api_key')),
    step: authenticate,
    English: ['401 Unauthorized', /API Key.*invalid or expired\. Update it/],
    Indonesian: ['401 Unauthorized', /Kunci API.*salah atau kedaluwarsa\. Perbarui/],
  },
  {
    name: 'No model',
    completion: error(404, 'model_not_found'),
    step: completion,
    English: ['Model Not Found', /Model Variant.*gpt-4 instead of gpt-4o/],
    Indonesian: ['Model Tidak Ditemukan', /Varian Model.*gpt-4 alih-alih gpt-4o/],
  },
];

const third: Case[] = [
  {
    name: 'Forbidden',
    ...both(error(403, 'forbidden')),
    step: authenticate,
    English: ['401 Unauthorized', /API Key.*format and its permissions/],
    Indonesian: ['401 Unauthorized', /Kunci API.*format dan izinnya/],
  },
  { name: 'Wrong path', ...both({ status: 404, body: '<html>not here</html>' }), step: completion, ...unreachable },
  {
    name: 'No certificate',
    isSecure: true,
    step: encrypt,
    English: ['Secure Connection Failed', /certificate of the server.*Renew the certificate/],
    Indonesian: ['Koneksi Aman Gagal', /sertifikat server.*Perbarui sertifikat/],
  },
  {
    name: 'Silent',
    completion: { status: 'never' },
    step: completion,
    English: ['Timeout', /network and the status.*firewall and proxy/],
    Indonesian: ['Timeout/Lambat', /jaringan dan status.*firewall dan proxy/],
  },
];

const second: Case[] = [
  {
    name: 'Busy',
    completion: error(429, 'rate_limit_exceeded', { 'retry-after': '7' }),
    step: completion,
    English: ['Too Many Requests', /rate limits.*Wait a moment/],
    Indonesian: ['Terlalu Banyak Permintaan', /batas laju.*Tunggu sebentar/],
  },
  {
    name: 'Broken',
    completion: error(500, 'server_error'),
    step: completion,
    English: ['Provider Unavailable', /status page.*Try again later/],
    Indonesian: ['Penyedia Tidak Tersedia', /halaman status.*Coba lagi nanti/],
  },
  {
    name: 'Nonsense',
    completion: { status: 200, body: '<html>' },
    step: completion,
    English: ['Unexpected Answer', /API URL.*address of the API, not of a web page/],
    Indonesian: ['Jawaban Tidak Terduga', /URL API.*bukan alamat halaman web/],
  },
];

needs('browser')('the tester', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor | undefined;
  let vendors: Vendor[] = [];
  let people = 0;
  const clock = movingClock();

  const ask = (method: string, path: string, body?: unknown) => pages.house.request(method, path, { token: sari.token, body });
  const prepare = async ({
    name,
    baseUrl,
    isSecure,
    ...answers
  }: Pick<Case, 'name' | 'baseUrl' | 'isSecure' | 'list' | 'completion'>): Promise<void> => {
    const vendor = await startVendor();
    vendors.push(vendor);
    vendor.list = answers.list ?? null;
    vendor.completion = answers.completion ?? null;
    const own = isSecure === true ? vendor.baseUrl.replace('http:', 'https:') : vendor.baseUrl;
    const body = { name, provider: 'custom', baseUrl: baseUrl ?? own, model: 'gpt-4o', apiKey: 'sk-test-abcdefghx7Qa' };
    expect((await ask('POST', '/api/configurations', body)).status).toBe(201);
  };

  /**
   * Lets time pass while the house works: never so much at once that the database seems not to answer, and each time only after it has
   * answered whatever was asked before.
   */
  const letPass = async (ms: number): Promise<void> => {
    const { driver } = pages.house.database;
    const nothing = { sql: 'SELECT 1', params: [] };
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      await Promise.all([driver.write([nothing]), driver.rows(nothing), driver.rows(nothing, 'analytics')]);
      clock.move(Math.min(leftMs, stepMs));
    }
  };

  /** Starts the test of a connection by its button; the time of a silent provider is let pass, once it was asked. */
  const press = async (name: string, place: number, one: Case): Promise<void> => {
    const vendor = vendors[place]!;
    const before = vendor.completions;
    await visitor!.page.getByRole('button', { name }).click();
    if (one.completion?.status !== 'never') return;
    await until(() => vendor.completions > before, 'the silent provider was asked');
    await letPass(silentMsMax);
  };

  beforeAll(async () => {
    pages = await openPages({ clock, timeouts: { headersMs: 1500 } });
  });

  beforeEach(async () => {
    people += 1;
    sari = await pages.house.createResident(`Person${people}`, 'administrator');
  });

  afterEach(async () => {
    await Promise.all(vendors.map((vendor) => vendor.close()));
    vendors = [];
    await visitor?.leave();
    visitor = undefined;
  });

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  describe.each([
    { part: 'addresses, keys and models', cases: first },
    { part: 'limits, failures and nonsense', cases: second },
    { part: 'rights, paths, certificates and silence', cases: third },
  ])('$part', ({ cases }) => {
    test('each failure marks its step, runs none after it, and says issue, check and resolution in both languages; traffic fails alike', async () => {
      for (const one of cases) await prepare(one);
      await prepare({ name: 'Good' });
      const secret = (await ask('POST', '/api/access-keys', { name: 'traffic' })).at('data.key');
      visitor = await visit({ url: pages.house.url });
      await signIn(visitor, sari);
      const { page } = visitor;
      const regionOf = (name: string) => page.getByRole('region', { name: new RegExp(`(Test of|Tes) .*${name}`) });
      for (const [place, one] of cases.entries()) {
        const { name, step, English } = one;
        await press(`Test ${name}`, place, one);
        const said = regionOf(name).getByRole('alert');
        await said.waitFor();
        await expect.poll(async () => (await said.innerText()).split('\n')[0]).toBe(English[0]);
        await expect.poll(async () => (await said.innerText()).replaceAll('\n', ' ')).toMatch(English[1]);
        const steps = await regionOf(name).getByRole('listitem').allInnerTexts();
        expect(steps.findIndex((text) => text.includes('failed'))).toBe(step);
        for (const later of steps.slice(step + 1)) expect(later).toMatch(/—/);
      }
      await page.getByRole('button', { name: 'Test Good' }).click();
      await page.getByRole('row').filter({ hasText: 'Good' }).getByText('Connected').waitFor();
      // What the tester said is what an application meets.
      for (const name of [...cases.map((one) => one.name), 'Good']) {
        const answer = await pages.house.request('POST', '/v1/chat/completions', {
          token: secret,
          body: { model: `${name}/gpt-4o`, messages: [{ role: 'user', content: 'hi' }] },
        });
        expect([name, answer.status === 200]).toEqual([name, name === 'Good']);
      }
      await chooseLanguage(visitor, 'Bahasa Indonesia');
      await page.reload();
      for (const [place, one] of cases.slice(0, 4).entries()) {
        const { name, Indonesian } = one;
        await press(`Tes ${name}`, place, one);
        const said = regionOf(name).getByRole('alert');
        await said.waitFor();
        await expect.poll(async () => (await said.innerText()).split('\n')[0]).toBe(Indonesian[0]);
        await expect.poll(async () => (await said.innerText()).replaceAll('\n', ' ')).toMatch(Indonesian[1]);
      }
    });
  });
});
