/** What the server wrote into the page: the base path, and the nonce that lets the theme write its one style element. */

/** `/`, or `/gw/` behind a proxy that serves Patchbay below a path. */
export const basePath: string = new URL(document.baseURI).pathname;

export const styleNonce: string = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
