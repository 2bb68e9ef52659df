/** Colours code beside the page, so that no key press waits for it. */
import { tokensOf } from './highlight.ts';
import type { AskedColours, ToldColours } from './colours.ts';

addEventListener('message', ({ data: { id, code, language } }: MessageEvent<AskedColours>) => {
  tokensOf(code, language)
    // Colours are a comfort: without them the code stands as it is.
    .catch(() => null)
    .then(
      (lines) => postMessage({ id, lines } satisfies ToldColours),
      () => undefined,
    );
});
