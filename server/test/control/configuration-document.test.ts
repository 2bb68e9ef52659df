/** The text of the configuration: one spelling for one configuration, and the line of everything that does not fit. */
import { describe, expect, test } from 'vitest';
import { pathText, readDocument, textOf } from '../../src/control/configuration/document.ts';
import { keyOfName, ownerKeyOfText } from '../../src/control/configuration/names.ts';
import { numbered, numberedKey } from '../../src/control/configuration/kind.ts';
import { repositoryKey } from '../../src/control/configuration/references.ts';
import { variableOf } from '../../src/control/configuration/variables.ts';

const faultsOf = (text: string): string[] => readDocument(text).faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);

describe('reading', () => {
  test('fills in what is left out, so that a short file and a long one are the same', () => {
    const short = readDocument('patchbay: 1\nconnections:\n  - name: A\n    provider: openai\n').configuration;
    const long = readDocument(textOf(short!)).configuration;
    expect(long).toEqual(short);
    expect(short?.connections?.[0]).toMatchObject({ owner: 'organization', isActive: true, isDefault: false, headers: {}, backups: [] });
  });

  test('a section that is left out stays left out', () => {
    const { configuration } = readDocument('patchbay: 1\n');
    expect(configuration).toEqual({ patchbay: 1 });
  });

  test.each([
    ['nothing at all', '', 1],
    ['a list', '- patchbay\n', 1],
    ['no version', 'connections: []\n', 1],
    ['a text for a list', 'patchbay: 1\npolicies: many\n', 2],
    ['an owner of no kind', 'patchbay: 1\nconnections:\n  - name: A\n    provider: x\n    owner: everybody\n', 5],
    ['a limit on two things at once', 'patchbay: 1\nlimits:\n  - of: { user: a@b.c, workspace: W }\n    kind: money\n    period: day\n    value: 1\n', 3], // prettier-ignore
    ['a role that is none', 'patchbay: 1\nworkspaces:\n  - name: W\n    members:\n      - user: a@b.c\n        role: OWNER\n', 6],
    [
      'a time that is none',
      'patchbay: 1\nprices:\n  - provider: x\n    model: m\n    validFrom: tomorrow\n    tiers: [{ input: 1, output: 1 }]\n',
      5,
    ],
  ])('%s is a fault with its line', (_, text, line) => {
    const { configuration, faults } = readDocument(text);
    expect(configuration).toBeNull();
    expect(faults[0]?.line).toBe(line);
  });

  test('a fault inside a list names its place', () => {
    expect(
      faultsOf('patchbay: 1\nroutingGroups:\n  - name: a\n    targets:\n      - connection: { name: C }\n        weight: -1\n'),
    ).toEqual([expect.stringMatching(/^6 routingGroups\[0\]\.targets\[0\]\.weight: /)]);
  });

  test('an alias that would grow without end is refused', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...Array.from('bcdefgh', (name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[at]}`).join(', ')}]`)].join('\n'); // prettier-ignore
    expect(() => readDocument(bomb)).toThrow(/alias/i);
  });

  test('no more faults are told than anybody reads', () => {
    const many = Array.from({ length: 500 }, () => '  - { colour: red }').join('\n');
    expect(readDocument(`patchbay: 1\nworkspaces:\n${many}\n`).faults.length).toBeLessThanOrEqual(100);
  });

  test('the line of a place that is not there is that of the nearest one above', () => {
    const { lineOf } = readDocument('patchbay: 1\nconnections:\n  - name: A\n    provider: openai\n');
    expect(lineOf(['connections', 0, 'secret'])).toBe(3);
    expect(lineOf(['connections', 7])).toBe(2);
    expect(lineOf(['elsewhere'])).toBe(1);
  });
});

describe('writing', () => {
  const configuration = readDocument(
    'patchbay: 1\nuseCases:\n  - slug: a\n    name: "true"\n    connection: { name: "no: 1" }\n    systemPrompt: "one\\n  two\\n\\nthree: #4 \\u00fc"\n',
  ).configuration!;

  test('is the same text each time, and reads back as what it was', () => {
    const text = textOf(configuration);
    expect(textOf(configuration)).toBe(text);
    expect(readDocument(text).configuration).toEqual(configuration);
    expect(text.endsWith('\n')).toBe(true);
  });

  test('texts that look like something else stay texts', () => {
    const text = textOf(configuration);
    expect(text).toContain('name: "true"');
    expect(readDocument(text).configuration?.useCases?.[0]?.name).toBe('true');
  });

  test('every section has its comment', () => {
    expect(textOf(configuration)).toMatch(/^# The configuration of a Patchbay/);
    expect(textOf(configuration)).toContain(
      '# What `model` names as use-case/<slug>. One whose connection is null has lost it, and answers nobody.\nuseCases:',
    );
  });
});

describe('names', () => {
  test('are compared as the house compares them', () => {
    expect(keyOfName({ owner: 'organization', name: 'ＯｐｅｎＡＩ' })).toBe(keyOfName({ owner: 'organization', name: 'openai' }));
    expect(keyOfName({ owner: 'user:Ann@Example.org', name: 'a' })).toBe(keyOfName({ owner: 'user:ann@example.org', name: 'A' }));
    expect(ownerKeyOfText('workspace:Lab')).not.toBe(ownerKeyOfText('user:Lab'));
    expect(repositoryKey({ workspace: 'W', name: 'R' })).toBe(repositoryKey({ workspace: 'w', name: 'r' }));
  });

  test.each([
    [{ owner: 'organization', name: 'OpenAI – production' }, 'CONNECTION_OPENAI_PRODUCTION_KEY'],
    [{ owner: 'workspace:Große Pläne', name: 'Ä' }, 'CONNECTION_WORKSPACE_GROSSE_PLANE_A_KEY'],
    [{ owner: 'user:ann@example.org', name: 'Mine' }, 'CONNECTION_USER_ANN_EXAMPLE_ORG_MINE_KEY'],
    [{ owner: 'organization', name: '日本' }, 'CONNECTION_UNNAMED_KEY'],
  ])('%j gives a variable that every shell takes', (name, variable) => {
    expect(variableOf('CONNECTION', name, 'KEY')).toBe(variable);
    expect(variable).toMatch(/^[A-Z_][A-Z0-9_]*$/);
    // Names that begin like our own settings would stop a start.
    expect(variable.startsWith('PATCHBAY_')).toBe(false);
  });

  test('things of one name are told by their number', () => {
    const currents = ['a', 'b', 'a', 'a'].map((spec, id) => ({ id: String(id), spec }));
    const keys = numbered(currents, (spec) => spec);
    expect([...keys.keys()]).toEqual(['a', 'b', 'a #2', 'a #3']);
    expect(keys.get(numberedKey('a', 3))?.id).toBe('3');
  });

  test('a place is told as people write it', () => {
    expect(pathText(['connections', 2, 'settings', 'temperature'])).toBe('connections[2].settings.temperature');
    expect(pathText([])).toBe('');
  });
});
