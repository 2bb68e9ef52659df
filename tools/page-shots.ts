/** `node tools/page-shots.ts <folder> [page ...]`: every page as a picture, in two languages, two themes and two widths, after a visit that must not complain. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { closeBrowser } from '../server/test/support/browser.ts';
import { openPages, signIn } from '../web/test/support/pages.ts';
import { overflowOf, visit, type Visitor } from '../web/test/support/visitor.ts';
import { pathsOf } from './pages/paths.ts';
import { openTown } from './pages/town.ts';

const [folder, ...only] = process.argv.slice(2);
if (folder === undefined) {
  console.error('name a folder for the pictures');
  process.exit(64);
}
const into = folder;
mkdirSync(into, { recursive: true });

const widths = [1440, 390] as const;
const windowHeight = 900;
const languages = ['en-US', 'id-ID'] as const;
const themes = ['light', 'dark'] as const;

const isWanted = (name: string): boolean => only.length === 0 || only.includes(name);

/** Takes the picture of one page, and says what it complains of. */
async function take(
  visitor: Visitor,
  name: string,
  path: string,
  ways: { language: string; theme: string; width: number },
): Promise<number> {
  const { page } = visitor;
  const said = visitor.complaints.length;
  await page.goto(path);
  await page.locator('h1').first().waitFor();
  await visitor.settled();
  const file = `${name}-${ways.language}-${ways.theme}-${ways.width}.png`;
  // A picture beyond the window is drawn for a mouse, whatever the visitor has: the window becomes as high as the page.
  const { height, top } = await page.evaluate(() => ({ height: document.documentElement.scrollHeight, top: scrollY }));
  await page.setViewportSize({ width: ways.width, height: Math.max(height, windowHeight) });
  await page.screenshot({ path: join(into, file) });
  await page.setViewportSize({ width: ways.width, height: windowHeight });
  // And what is looked at for faults is where a visitor finds it.
  await page.evaluate((y) => scrollTo(0, y), top);
  await visitor.settled();
  const shown = await page.evaluate(() => document.documentElement.lang);
  const found = shown === ways.language ? [] : [`the page speaks ${shown}`];
  found.push(...(await visitor.axe()), ...visitor.complaints.slice(said));
  const overflow = await overflowOf(page);
  if (overflow > 0) found.push(`${overflow} px wider than the window`);
  console.log(`${found.length === 0 ? 'ok  ' : 'BAD '} ${file}`);
  for (const fault of found) console.log(`       ${fault}`);
  return found.length;
}

const town = await openTown();
/** A house that nobody has set up yet. */
const fresh = await openPages({ isDemoOffered: true });
let faults = 0;
try {
  for (const locale of languages)
    for (const theme of themes)
      for (const width of widths) {
        const language = locale === 'id-ID' ? 'id' : 'en';
        const ways = { language, theme, width };
        const come = (url: string): Promise<Visitor> => visit({ url, locale, theme, width, hasTouch: width < 600 });
        const visitor = await come(town.house.url);
        if (isWanted('sign-in')) faults += await take(visitor, 'sign-in', '/login', ways);
        await visitor.context.close();
        const first = await come(fresh.house.url);
        if (isWanted('set-up')) faults += await take(first, 'set-up', `/setup?token=${await fresh.house.newSetupToken()}`, ways);
        await first.context.close();
        // Behind the door the person's own language counts, whatever the browser's is.
        await town.house.request('PATCH', '/api/me', { token: town.administrator.token, body: { language } });
        const resident = await come(town.house.url);
        await signIn(resident, town.administrator, language);
        for (const [name, path] of Object.entries(pathsOf(town))) if (isWanted(name)) faults += await take(resident, name, path, ways);
        await resident.context.close();
      }
} finally {
  await closeBrowser();
  await fresh.close();
  await town.close();
}
console.log(`${faults} faults`);
process.exit(faults === 0 ? 0 : 1);
