/** The names a Patchbay installation is configured by, and how a mistyped one is answered. */

import { retentionNouns, retentionRules } from '../domain/retention.ts';

/** Every setting. `isSecret`: it may also be given as the path of a file, under the name with `_FILE` after it. */
export const settingNames: readonly { name: string; isSecret: boolean }[] = [
  { name: 'PATCHBAY_HOST', isSecret: false },
  { name: 'PATCHBAY_PORT', isSecret: false },
  { name: 'PATCHBAY_DATA_DIR', isSecret: false },
  { name: 'PATCHBAY_DATABASE_URL', isSecret: true },
  { name: 'PATCHBAY_REDIS_URL', isSecret: true },
  { name: 'PATCHBAY_MASTER_KEY', isSecret: true },
  { name: 'PATCHBAY_MASTER_KEY_PREVIOUS', isSecret: true },
  { name: 'PATCHBAY_PUBLIC_URL', isSecret: false },
  { name: 'PATCHBAY_TRUSTED_PROXIES', isSecret: false },
  { name: 'PATCHBAY_EGRESS_ALLOW', isSecret: false },
  { name: 'PATCHBAY_AUDIT_WEBHOOK_URL', isSecret: true },
  { name: 'PATCHBAY_LOG_LEVEL', isSecret: false },
  { name: 'PATCHBAY_WORKERS', isSecret: false },
  { name: 'PATCHBAY_DEMO', isSecret: false },
  { name: 'PATCHBAY_ENVIRONMENT_CONNECTION', isSecret: false },
  { name: 'PATCHBAY_ADMIN_EMAIL', isSecret: false },
  { name: 'PATCHBAY_ADMIN_PASSWORD', isSecret: true },
  { name: 'PATCHBAY_ADMIN_TOKEN', isSecret: true },
  ...retentionNouns.map((noun) => ({ name: retentionRules[noun].settingName, isSecret: false })),
  { name: 'LLM_BASE_URL', isSecret: false },
  { name: 'LLM_API_KEY', isSecret: true },
  { name: 'LLM_MODEL', isSecret: false },
  { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', isSecret: false },
  { name: 'OTEL_EXPORTER_OTLP_HEADERS', isSecret: true },
  { name: 'OTEL_SERVICE_NAME', isSecret: false },
  { name: 'OTEL_TRACES_SAMPLER_ARG', isSecret: false },
  { name: 'OTEL_METRIC_EXPORT_INTERVAL', isSecret: false },
];

const allNames: readonly string[] = settingNames.flatMap(({ name, isSecret }) => (isSecret ? [name, `${name}_FILE`] : [name]));
const ownNames: readonly string[] = allNames.filter((name) => name.startsWith('PATCHBAY_'));
const nameCharsShown = 80;

/** Whether a name is ours by its prefix and yet stands for nothing. Names of other programs are none of our business. */
export const isUnknownName = (name: string): boolean => name.startsWith('PATCHBAY_') && !ownNames.includes(name);

/** The known name that takes the fewest changed letters to reach; the first of several. */
export function closestName(name: string): string {
  // Nobody mistypes a name into one of thousands of letters; the bound keeps the table below small.
  const asked = name.slice(0, nameCharsShown);
  let closest = { name: 'PATCHBAY_HOST', distance: Infinity };
  for (const known of ownNames) {
    const distance = editDistance(asked, known);
    if (distance < closest.distance) closest = { name: known, distance };
  }
  return closest.name;
}

/** A name fit for one line on a terminal. */
export const shownName = (name: string): string => name.slice(0, nameCharsShown).replaceAll(/[^\x21-\x7e]/g, '?');

/** Levenshtein's distance: insertions, deletions and replacements of one letter. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of from.split('').entries()) {
    let before = row + 1;
    let diagonal = row;
    above = above.map((over, column) => {
      if (column === 0) return before;
      before = Math.min(diagonal + (letter === to[column - 1] ? 0 : 1), over + 1, before + 1);
      diagonal = over;
      return before;
    });
  }
  return above.at(-1) ?? 0;
}
