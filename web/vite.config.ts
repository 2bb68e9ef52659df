/** Builds the page into web/dist with relative addresses, so that one build serves every base path. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import compile from 'icu-minify/compile';
import { defineConfig, type Plugin } from 'vite';

/** The development server stands in for ours: it fills the two placeholders and sends the calls on. */
const placeholders: Plugin = {
  name: 'placeholders',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace('__BASE_PATH__', '/').replace('__CSP_NONCE__', ''),
};

type Texts = { [key: string]: string | Texts };
const compiled = (texts: Texts): unknown =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, typeof text === 'string' ? compile(text) : compiled(text)]));

const textsOf = (language: string): Texts =>
  JSON.parse(readFileSync(join(import.meta.dirname, `src/messages/${language}.json`), 'utf8')) as Texts;
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
    this.addWatchFile(join(import.meta.dirname, `src/messages/${language}.json`));
    if (what === 'words') return `export default ${JSON.stringify(wordsOf(textsOf(language)))}`;
    const source = JSON.stringify(compiled(textsOf(language)));
    if (this.environment.mode !== 'build') return `export default "data:application/json,${encodeURIComponent(source)}"`;
    return `export default import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: `${language}.json`, source })}`;
  },
};

/** Code of the pages and of what they are drawn with; not the texts, and not what a single feature loads when it is wanted. */
const ours = /[\\/](?:web[\\/]src(?![\\/]messages)|@mantine|@tabler|@tanstack)[\\/]/;

/** Nearly every page will ask for the second file, so that it comes with the first. */
const kitAtOnce: Plugin = {
  name: 'kit-at-once',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, { bundle }) =>
      Object.values(bundle ?? {})
        .filter(({ type, name }) => type === 'chunk' && name === 'kit')
        .map(({ fileName }) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `./${fileName}` },
          injectTo: 'head',
        })),
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), placeholders, compiledTexts, kitAtOnce],
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
            // What every page needs is one file,
            { name: 'base', tags: ['$initial'], priority: 3 },
            // what many need another,
            { name: 'kit', test: ours, minShareCount: 4, priority: 2 },
            // and what two or three share is a few; one that would hold next to nothing lies in its neighbour.
            { name: 'shared', test: ours, minShareCount: 2, priority: 1, entriesAware: true, entriesAwareMergeThreshold: 8_000 },
          ],
        },
      },
    },
  },
});
