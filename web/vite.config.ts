/** Builds the page into web/dist with relative addresses, so that one build serves every base path. */
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The development server stands in for ours: it fills the two placeholders and sends the calls on. */
const placeholders: Plugin = {
  name: 'placeholders',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace('__BASE_PATH__', '/').replace('__CSP_NONCE__', ''),
};

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), placeholders],
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8484', '/v1': 'http://127.0.0.1:8484' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome120', 'firefox121', 'safari17'],
    // The policy allows `data:` for images alone, and a file of its own is cached for longer than a page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
  },
});
