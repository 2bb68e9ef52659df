/** Builds the page into web/dist with relative addresses, so that one build serves every base path. */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import compile from 'icu-minify/compile';
import { defineConfig, type HtmlTagDescriptor, type Plugin } from 'vite';

/** The development server stands in for ours: it fills the two placeholders and sends the calls on. */
const placeholders: Plugin = {
  name: 'placeholders',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace('__BASE_PATH__', '/').replace('__CSP_NONCE__', ''),
};

type Texts = { [key: string]: string | Texts };
const compiled = (texts: Texts): unknown =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, typeof text === 'string' ? compile(text) : compiled(text)]));

const fileOf = (language: string): string => join(import.meta.dirname, `src/messages/${language}.json`);
/** The words of the server, where the page says them itself. */
const contractFileOf = (language: string): string => join(import.meta.dirname, `../contract/src/messages/${language}.json`);
const textsIn = (file: string): Texts => JSON.parse(readFileSync(file, 'utf8')) as Texts;
/** What is found by its words in either language: the pages, and the commands. */
const wordsOf = ({ nav, palette }: Texts): Texts => ({ nav: nav!, command: (palette as Texts)['command']! });
const virtual = /^\0(texts|words):(en|id)$/;

/**
 * The page's messages are parsed here and not in every visitor's browser, which is spared the parser (17 KB). They travel as data, which
 * a browser reads faster than a script. The server's are shown as they stand.
 */
const compiledTexts: Plugin = {
  name: 'compiled-texts',
  enforce: 'pre',
  resolveId: (id) => (virtual.test(`\0${id}`) ? `\0${id}` : undefined),
  load(id) {
    const [, what, language = ''] = virtual.exec(id) ?? [];
    if (what === undefined) return undefined;
    const page = textsIn(fileOf(language));
    this.addWatchFile(fileOf(language));
    if (what === 'words') return `export default ${JSON.stringify(wordsOf(page))}`;
    this.addWatchFile(contractFileOf(language));
    const source = JSON.stringify({ page: compiled(page), contract: textsIn(contractFileOf(language)) });
    if (this.environment.mode !== 'build') return `export default "data:application/json,${encodeURIComponent(source)}"`;
    return `export default import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: `${language}.json`, source })}`;
  },
};

/** What knows which files and answers an address needs, and what that takes. */
const ahead =
  /web[\\/]src[\\/](?:start\.ts|app[\\/](?:page-files|page-needs)\.ts|lib[\\/](?:early|page|storage|catalogue|reach|wanted)\.ts)|vite[\\/]preload-helper|^\0texts:/;

/** Code of the pages and of what they are drawn with; not the texts, and not what a single feature loads when it is wanted. */
const ours = /[\\/](?:web[\\/]src(?![\\/]messages)|@mantine|@tabler|@tanstack)[\\/]/;

/**
 * What comes first is small and runs as soon as it is there, which the rest of the page's program waits for no more than it for the rest.
 * Nearly every page will ask for the second file, so that it comes with the first.
 */
const inTheHead: Plugin = {
  name: 'in-the-head',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle }) {
      const tags: HtmlTagDescriptor[] = [];
      for (const { type, name, fileName } of Object.values(bundle ?? {})) {
        const address = `./${fileName}`;
        if (type !== 'chunk') continue;
        // After the styles: a file of a page that adds its own to them adds them behind.
        if (name === 'start')
          tags.push({ tag: 'script', attrs: { type: 'module', async: true, crossorigin: true, src: address }, injectTo: 'head' });
        if (name === 'kit') tags.push({ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: address }, injectTo: 'head' });
      }
      return tags;
    },
  },
};

/**
 * What every page needs is run at once, most of it: a browser that is told so compiles it while it arrives, beside the page's own work
 * and not in its way, function by function. It looks for the word at the very beginning.
 */
const compiledAhead: Plugin = {
  name: 'compiled-ahead',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      for (const file of Object.values(bundle))
        if (file.type === 'chunk' && ['index', 'kit'].includes(file.name)) file.code = `//# allFunctionsCalledOnLoad\n${file.code}`;
    },
  },
};

const packable = /\.(?:js|css|json|svg)$/;
/** Below this nothing is gained. */
const packedBytesMin = 1_024;

/** Every file lies packed beside itself, smaller than a server would pack it between question and answer. */
const packed: Plugin = {
  name: 'packed',
  apply: 'build',
  async writeBundle({ dir = '' }, bundle) {
    const pack = async (name: string): Promise<void> => {
      const file = join(dir, name);
      const bytes = await readFile(file);
      if (bytes.length < packedBytesMin) return;
      // The best quality but one: the best takes three times as long for a hundredth less.
      const params = { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
      await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
    };
    await Promise.all(
      Object.keys(bundle)
        .filter((name) => packable.test(name))
        .map(pack),
    );
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), placeholders, compiledTexts, inTheHead, compiledAhead, packed],
  resolve: { alias: { 'use-intl/format-message': 'use-intl/format-message/format-only' } },
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8484', '/v1': 'http://127.0.0.1:8484' } },
  // Workers load what they need when they need it, as pages do.
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome120', 'firefox121', 'safari17'],
    // The policy allows `data:` for images alone, and a file of its own is cached for longer than a page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    rolldownOptions: {
      output: {
        chunkFileNames: ({ name }) => `assets/${name.startsWith('shared') ? 'shared' : name}-[hash].js`,
        assetFileNames: ({ names: [name = ''] }) => `assets/${name.startsWith('shared') ? 'shared' : '[name]'}-[hash][extname]`,
        codeSplitting: {
          // A browser takes six files at a time, and on a slow machine each costs more than what is in it.
          groups: [
            // What asks for all the others is a file of its own,
            { name: 'start', test: ahead, priority: 4, includeDependenciesRecursively: false },
            // what every page needs is one,
            { name: 'base', tags: ['$initial'], priority: 3 },
            // what many need another,
            { name: 'kit', test: ours, minShareCount: 5, priority: 2 },
            // and what two or three share is a few; one that would hold next to nothing lies in its neighbour.
            { name: 'shared', test: ours, minShareCount: 2, priority: 1, entriesAware: true, entriesAwareMergeThreshold: 8_000 },
          ],
        },
      },
    },
  },
});
