/** The components, hooks and stores that the documents name: each lies in the one feature folder, under its name, and something uses it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const source = join(import.meta.dirname, '../src');
const folder = 'features/models/';
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(source, path), 'utf8') }));

/** The files that export a name, and how many others mention it. */
function placesOf(name: string): { homes: string[]; uses: number } {
  const made = new RegExp(`^export (?:async )?(?:function|const|interface) ${name}\\b`, 'm');
  const named = new RegExp(`\\b${name}\\b`);
  const homes = files.filter(({ text }) => made.test(text)).map(({ path }) => path);
  return { homes, uses: files.filter(({ path, text }) => !homes.includes(path) && named.test(text)).length };
}

describe('components (R-103 to R-114)', () => {
  test.each([
    'ConfigurationList',
    'AddNewConfiguration',
    'ProviderSelection',
    'ProviderConfig',
    'OpenAIConfig',
    'GeminiConfig',
    'OllamaConfig',
    'CustomAPIConfig',
    'ConnectionTester',
    'ConfigurationValidator',
    'UsageDisplay',
  ])('%s lies in the one feature folder and is shown', (name) => {
    const { homes, uses } = placesOf(name);
    expect(homes).toHaveLength(1);
    expect(homes[0]).toMatch(new RegExp(`^${folder}components/`));
    expect(uses).toBeGreaterThan(0);
  });
});

describe('hooks (R-117 to R-127)', () => {
  test.each([
    ['useConfigurations', 'userId'],
    ['useConfiguration', 'configId'],
    ['useCreateConfiguration', ''],
    ['useUpdateConfiguration', ''],
    ['useDeleteConfiguration', ''],
    ['useTestConnection', 'configId'],
    ['useValidateConfiguration', 'provider'],
    ['useUsageStats', 'configId'],
    ['useProviders', ''],
    ['useProviderModels', 'provider'],
    ['useProviderTemplates', 'provider'],
  ])('%s(%s) lies beside its call, takes what the document says and is used', (name, parameter) => {
    const { homes, uses } = placesOf(name);
    expect(homes).toHaveLength(1);
    const { text } = files.find(({ path }) => path === homes[0])!;
    expect(homes[0]).toMatch(new RegExp(`^${folder}api/`));
    expect(text).toMatch(new RegExp(`${name}(?: = |)\\(${parameter}`));
    expect(uses).toBeGreaterThan(0);
  });
});

describe('stores (R-115, R-116)', () => {
  test.each([
    ['ModelStore', ['configurations', 'selectedConfig', 'isLoading', 'testResults', 'usageStats']],
    ['ProviderStore', ['supportedProviders', 'availableModels', 'templates']],
  ])('%s holds what the document lists', (name, members) => {
    const { homes } = placesOf(name);
    expect(homes).toHaveLength(1);
    const { path, text } = files.find((file) => file.path === homes[0])!;
    expect(path).toMatch(new RegExp(`^${folder}store/`));
    const body = text.slice(text.indexOf(`export interface ${name} {`));
    const shape = body.slice(0, body.indexOf('\n}'));
    expect([...shape.matchAll(/^ {2}(\w+)\??:/gm)].map(([, member]) => member)).toEqual(expect.arrayContaining(members));
  });
});
