/** `node tools/page-shots.ts <folder> [page ...]`: every page as a picture, in two languages, two themes and two widths, after a visit that must not complain. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { closeBrowser } from '../server/test/support/browser.ts';
import { signIn } from '../web/test/support/pages.ts';
import { overflowOf, visit } from '../web/test/support/visitor.ts';
import { pathsOf } from './pages/paths.ts';
import { openTown } from './pages/town.ts';

const [folder, ...only] = process.argv.slice(2);
if (folder === undefined) {
  console.error('name a folder for the pictures');
  process.exit(64);
}
mkdirSync(folder, { recursive: true });

const widths = [1440, 390] as const;
const languages = ['en-US', 'id-ID'] as const;
const themes = ['light', 'dark'] as const;

const town = await openTown();
let faults = 0;
try {
  const paths = Object.entries(pathsOf(town)).filter(([name]) => only.length === 0 || only.includes(name));
  for (const locale of languages)
    for (const theme of themes)
      for (const width of widths) {
        const language = locale === 'id-ID' ? 'id' : 'en';
        const visitor = await visit({ url: town.house.url, locale, theme, width });
        // Behind the door the person's own language counts, whatever the browser's is.
        await town.house.request('PATCH', '/api/me', { token: town.administrator.token, body: { language } });
        await signIn(visitor, town.administrator, language);
        for (const [name, path] of paths) {
          const said = visitor.complaints.length;
          await visitor.page.goto(path);
          await visitor.page.locator('h1').first().waitFor();
          await visitor.settled();
          const file = `${name}-${locale.slice(0, 2)}-${theme}-${width}.png`;
          await visitor.page.screenshot({ path: join(folder, file), fullPage: true });
          const shown = await visitor.page.evaluate(() => document.documentElement.lang);
          const found = shown === language ? [] : [`the page speaks ${shown}`];
          found.push(...(await visitor.axe()), ...visitor.complaints.slice(said));
          const overflow = await overflowOf(visitor.page);
          if (overflow > 0) found.push(`${overflow} px wider than the window`);
          faults += found.length;
          console.log(`${found.length === 0 ? 'ok  ' : 'BAD '} ${file}`);
          for (const fault of found) console.log(`       ${fault}`);
        }
        await visitor.context.close();
      }
} finally {
  await closeBrowser();
  await town.close();
}
console.log(`${faults} faults`);
process.exit(faults === 0 ? 0 : 1);
