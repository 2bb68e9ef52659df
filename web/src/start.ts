/**
 * Comes before everything else and is small: asks at once for what the open address needs, while the program that draws it is still on
 * its way. Nothing waits for it, and nothing is missing without it.
 */
import { files } from './app/page-files.ts';
import { needsOf, schemaOf } from './app/page-needs.ts';
import { askEarly, isUntaken, readEarly } from './lib/early.ts';
import { basePath } from './lib/page.ts';
import { firstLanguage, loadCatalogue } from './lib/catalogue.ts';

/** What fails here fails again where it is used, and is told there. */
const ignored = (): void => undefined;

function ask(path: string): void {
  askEarly(path).catch(ignored);
}

async function askForm(id: string): Promise<void> {
  const path = `api/configurations/${encodeURIComponent(id)}`;
  const answer = (await readEarly(path)) as { data?: { provider?: unknown } } | null;
  const provider = answer?.data?.provider;
  if (typeof provider === 'string' && isUntaken(path)) ask(schemaOf(provider));
}

const needs = location.pathname.startsWith(basePath)
  ? needsOf(location.pathname.slice(basePath.length - 1), new URLSearchParams(location.search))
  : null;
// A browser takes six things at a time over one line: answers first, since they take longest and weigh least.
needs?.asks.forEach(ask);
if (needs?.formOf !== undefined) void askForm(needs.formOf);
loadCatalogue(firstLanguage()).catch(ignored);
for (const name of needs?.files ?? []) files[name]().catch(ignored);
