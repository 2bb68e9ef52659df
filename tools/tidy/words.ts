/** The house's words: what things are not called, where, and what to say instead. The rules below only apply these tables. */
import { posix } from 'node:path';
import { type Fault, type Source, faultAt, faultsOf } from './source.ts';

/** Parts of file and folder names that say nothing about what is inside. */
export const emptyNames = ['util', 'utils', 'helper', 'helpers', 'manager', 'service', 'common', 'misc'];

/** Facades that carry the names other documents gave them. */
const facades = /(?:^|\/)(?:configuration-service|encryption-service|usage-tracker|ai-provider)\.ts$/;
/** Where a face's own words are translated into the house's. */
const dialects = /^server\/src\/faces\/.*dialect[\w-]*\.ts$/;

interface BannedWord {
  pattern: RegExp;
  say: string;
  where: RegExp;
  /** Files below `where` in which the word means something else. */
  except?: RegExp;
}

const inside = (folders: string): RegExp => new RegExp(`^server/src/(?:${folders})/`);

export const bannedWords: readonly BannedWord[] = [
  { pattern: /\b\w*virtual_?keys?\w*/gi, say: 'accessKey', where: /^(?:server|contract|client|web)\/src\// },
  { pattern: /\b\w*[aA]piKey\w*/g, say: 'secret', where: inside('domain|gateway|storage|control|providers') },
  { pattern: /\b\w*tenant\w*/gi, say: 'owner', where: inside('\\w+'), except: /^server\/src\/providers\// },
  {
    pattern: /\bchannels?\b|\bchannel(?:Id|Ids|Name)\b/g,
    say: 'provider',
    where: inside('domain|gateway|control|providers'),
    except: /alert|notif/,
  },
  { pattern: /\bcredentials?\b|\w*Credentials?\b/g, say: 'secret', where: inside('domain|gateway|storage|vault') },
  { pattern: /\bencryption_?key\w*/gi, say: 'masterKey or ownerKey', where: inside('domain|vault') },
];

export function wordFaults(source: Source): Fault[] {
  if (facades.test(source.path) || dialects.test(source.path)) return [];
  return bannedWords.flatMap(({ pattern, say, where, except }) => {
    if (!where.test(source.path) || except?.test(source.path)) return [];
    return faultsOf(source, pattern, 'word', `this is not the house's word: say ${say}`);
  });
}

/** Names are judged by path alone. */
export function fileNameFaults(path: string): Fault[] {
  if (facades.test(path)) return [];
  const parts = posix.dirname(path).split('/').concat(posix.basename(path).replace(/\..*$/, ''));
  const found = parts.flatMap((part) => part.toLowerCase().split(/[-_]/)).find((word) => emptyNames.includes(word));
  return found === undefined
    ? []
    : [{ path, line: 1, rule: 'file-name', todo: `"${found}" says nothing: name the file after what is in it` }];
}

/** Vendors. Whatever is peculiar to one belongs into its row or folder below server/src/providers. */
const vendors = [
  'openai',
  'anthropic',
  'gemini',
  'deepseek',
  'azure',
  'ollama',
  'vllm',
  'mistral',
  'groq',
  'openrouter',
  'xai',
  'cohere',
  'bedrock',
  'vertex',
  'litellm',
];
const vendorName = new RegExp(`(?<![a-z])(?:${vendors.join('|')})(?![a-z])`, 'i');
const vendorFree = inside('gateway|control|domain|faces|jobs');
const vendorFaces = /^server\/src\/faces\/(?:openai|anthropic|ollama)\//;

/** Files that may name vendors outside providers/, each with its reason. */
export const vendorsAllowed: Readonly<Record<string, string>> = {
  'server/src/domain/connection.ts': 'names the wire of the house language',
  'server/src/faces/configurations/local-models.ts': 'its paths name the server whose models they are about',
};

/** A vendor's name in a string outside providers/: a rule about that vendor is about to be written in the wrong place. */
export function vendorFaults(source: Source): Fault[] {
  const { path } = source;
  if (!vendorFree.test(path) || vendorFaces.test(path) || dialects.test(path) || path in vendorsAllowed) return [];
  const paths = new Set(source.imports.map((entry) => entry.specifier));
  return source.literals.flatMap(({ start, value }) => {
    const found = paths.has(value) ? null : vendorName.exec(value);
    return found ? [faultAt(source, start, 'vendor', `"${found[0]}" belongs into its row or folder below server/src/providers`)] : [];
  });
}
