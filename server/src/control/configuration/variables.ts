/** Names of environment variables for secrets: from the names of the things, so that each export gives the same ones. */
import type { ConnectionName } from './shapes.ts';

const partCharsMax = 150;

/** `CONNECTION_OPENAI_KEY`: what it is, whose and of which name, and which of its secrets. */
export function variableOf(what: string, { owner, name }: ConnectionName, field: string): string {
  const place = owner === 'organization' ? '' : `${owner}_`;
  const plain = `${place}${name}`
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .slice(0, partCharsMax)
    .replaceAll(/^_+|_+$/g, '');
  return `${what}_${plain === '' ? 'UNNAMED' : plain}_${field}`;
}
