/** The table of commands: every one explains itself, and what was typed wrongly is told without doing anything. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyAuditLog } from '../../src/cli/audit-verify.ts';
import { applyConfiguration, exportConfiguration, type ApplyOptions } from '../../src/cli/configuration.ts';
import { listConnections, testConnections } from '../../src/cli/connections.ts';
import { report, tableLines } from '../../src/cli/output.ts';
import { createPerson, createPersonalToken, type UserOptions } from '../../src/cli/people.ts';
import { inputOf, install, told, type Installation } from './installation.ts';

let place: Installation;
beforeAll(async () => {
  place = await install();
});
afterAll(() => place.close());

describe('what commands print', () => {
  test('a table is as wide as its widest cells, and has no blanks at the ends of its lines', () => {
    expect(
      tableLines(
        ['A', 'BB'],
        [
          ['long one', 'x'],
          ['y', ''],
        ],
      ),
    ).toEqual(['A         BB', 'long one  x', 'y']);
  });

  test('with --json there is one JSON text and no line for people', async () => {
    const lines = await told(async (terminal) => {
      report(terminal, true, { a: 1 }, ['for people']);
      return 0;
    });
    expect(JSON.parse(lines.out.join('\n'))).toEqual({ a: 1 });
    expect(lines.out.join('\n')).not.toContain('for people');
  });
});

describe('people', () => {
  const create = (wish: Partial<UserOptions>, input = '') =>
    told((terminal) =>
      createPerson(
        place.settings({ PATCHBAY_PUBLIC_URL: 'https://ai.example.com/x' }),
        terminal,
        { email: 'b@example.com', name: null, role: 'user', language: 'en', isPasswordFromInput: false, isJson: false, ...wish },
        inputOf(input),
      ),
    );

  test('a link leads to the address that people use, with its path', async () => {
    const { code, out } = await create({});
    expect(code).toBe(0);
    expect(out[0]).toMatch(/ https:\/\/ai\.example\.com\/x\/invite\/[\w-]{43}$/);
  });

  test.each([
    ['an address that is none', { email: 'nobody' }, '', /is not an email address/],
    ['a password that is too short', { isPasswordFromInput: true }, 'short\n', /must have from 8 to 128 characters/],
    ['no password where one was promised', { isPasswordFromInput: true }, '', /must have from 8 to 128 characters/],
    ['a password without end', { isPasswordFromInput: true }, 'x'.repeat(10_000), /must have from 8 to 128 characters/],
  ])('%s is wrong usage', async (_, wish, input, line) => {
    const { code, out, err } = await create(wish, input);
    expect([code, out]).toEqual([64, []]);
    expect(err[0]).toMatch(line);
  });

  test('only the line feed of the input is no part of a password', async () => {
    expect((await create({ email: 'c@example.com', isPasswordFromInput: true }, ' with blanks \r\n')).code).toBe(0);
    expect((await create({ email: 'C@example.com ', isPasswordFromInput: true }, ' with blanks \r\n')).code).toBe(64);
    const again = await create({ email: 'C@EXAMPLE.COM', isPasswordFromInput: true }, ' with blanks \r\n');
    expect(again.code).toBe(1);
    expect(again.err[0]).toContain('(EMAIL_EXISTS)');
  });

  const token = (wish: Partial<Parameters<typeof createPersonalToken>[2]>) =>
    told((terminal) => createPersonalToken(place.settings(), terminal, { email: null, name: 'ci', days: null, isJson: false, ...wish }));

  test('a token is the only line on standard output, and belongs to the administrator where nobody is named', async () => {
    const { code, out, err } = await token({});
    expect(code).toBe(0);
    expect(out).toEqual([expect.stringMatching(/^pat-pb-\S{20,}$/)]);
    expect(err[0]).toContain('ann@example.com');
    expect(JSON.parse((await token({ isJson: true, days: 1 })).out.join('\n'))).toMatchObject({ email: 'ann@example.com', name: 'ci' });
  });

  test.each([[''], [' '], ['\u2060\u00ad'], ['x'.repeat(256)], ['a\u0000b']])('%j is no name of a token or a person', async (name) => {
    const made = await create({ email: 'd@example.com', name, isPasswordFromInput: true }, 'correct horse\n');
    expect([made.code, (await token({ name })).code]).toEqual([64, 64]);
  });

  test.each([[0], [-1], [1.5], [4_000]])('%d days are wrong usage', async (days) => {
    expect((await token({ days })).code).toBe(64);
  });
});

describe('the configuration', () => {
  const apply = (wish: Partial<ApplyOptions>, input = '') =>
    told((terminal) =>
      applyConfiguration(
        place.settings(),
        terminal,
        { file: '-', isDryRun: false, isPruning: false, isJson: false, ...wish },
        inputOf(input),
      ),
    );

  test('secrets are read from files that the file names, and what cannot be read is told', async () => {
    const key = join(place.dir, 'key');
    writeFileSync(key, '  sk-canary-0123456789\n');
    const yaml = (where: string): string =>
      `patchbay: 1\nconnections:\n  - { name: OpenAI, provider: openai, model: m, secret: "${where}", isDefault: true }\n`;
    const refused = await apply({}, yaml('file:/nowhere'));
    expect(refused.code).toBe(1);
    expect(refused.err).toEqual([
      '-:3: connections[0].secret: file:/nowhere cannot be read here, and there is no stored value yet',
      'Nothing was changed.',
    ]);
    const made = await apply({}, yaml(`file:${key}`));
    expect(made).toMatchObject({ code: 0, err: [] });
    expect(made.out).toEqual(['+ connections OpenAI', expect.stringContaining('Done, 1 steps: 1 to create')]);
    const kept = await apply({}, yaml('file:/nowhere'));
    expect(kept.out).toEqual([
      'Not readable here, so what is stored is kept: file:/nowhere',
      'Nothing to do: 1 objects are as the file says.',
    ]);
  });

  test('a trial lists what would be made, changed and deleted, and what differs', async () => {
    const yaml = 'patchbay: 1\nconnections:\n  - { name: Demo, provider: demo, model: demo-small }\n';
    const { code, out } = await apply({ isDryRun: true, isPruning: true }, yaml);
    expect(code).toBe(0);
    expect(out).toEqual([
      '+ connections Demo',
      '- connections OpenAI',
      'Nothing was changed: 1 to create, 0 to change, 1 to delete, 0 as they should be.',
    ]);
    const changed = await apply(
      { isDryRun: true, isJson: true },
      'patchbay: 1\nconnections:\n  - { name: OpenAI, provider: openai, model: other, secret: "env:NOT_SET_ANYWHERE" }\n',
    );
    expect((JSON.parse(changed.out.join('\n')) as { steps: unknown[] }).steps).toEqual([
      { action: 'change', section: 'connections', name: 'OpenAI', fields: ['model', 'isDefault'], line: 3 },
    ]);
  });

  test('more faults than a screen holds are counted', async () => {
    const many = Array.from({ length: 30 }, (_, n) => `  - { name: A${n}, provider: openai, colour: red }`).join('\n');
    const { code, err } = await apply({}, `patchbay: 1\nconnections:\n${many}\n`);
    expect(code).toBe(1);
    expect(err).toHaveLength(22);
    expect(err.slice(-2)).toEqual(['and 10 more', 'Nothing was changed.']);
  });

  test('a name cannot write over the terminal', async () => {
    const { err } = await apply({}, 'patchbay: 1\n"colour\\e[2K": 1\n');
    expect(err.join('\n')).not.toContain('\u001b');
  });

  test('export prints the file as it would write it', async () => {
    const path = join(place.dir, 'out.yaml');
    const printed = await told((terminal) => exportConfiguration(place.settings(), terminal, { output: null, isJson: false }));
    const json = await told((terminal) => exportConfiguration(place.settings(), terminal, { output: null, isJson: true }));
    expect((JSON.parse(json.out[0] ?? '') as { configuration: string }).configuration).toBe(`${printed.out[0]}\n`);
    const written = await told((terminal) => exportConfiguration(place.settings(), terminal, { output: path, isJson: true }));
    expect(JSON.parse(written.out.join('\n'))).toMatchObject({ file: path });
  });
});

describe('connections and the audit log', () => {
  test('the list shows masks, and warns where there is no default', async () => {
    const { code, out, err } = await told((terminal) => listConnections(place.settings(), terminal));
    expect(code).toBe(0);
    expect(out[1]).toMatch(/^OpenAI +openai .+ \*\*\*6789 +organization +active, default$/);
    expect(err).toEqual([]);
  });

  test('a connection that nobody has is told, and nothing is called', async () => {
    const { code, err } = await told((terminal) => testConnections(place.settings(), terminal, { which: 'nobody', isJson: false }));
    expect(code).toBe(1);
    expect(err[0]).toContain('(NOT_FOUND)');
  });

  test('a provider that cannot be reached ends the test with 1', async () => {
    const { code, out } = await told((terminal) => testConnections(place.settings(), terminal, { which: null, isJson: false }));
    expect(code).toBe(1);
    expect(out[0]).toMatch(/^fails {2}OpenAI {2}\w+$/);
  });

  test('an entry that was altered in the database is found, named, and ends with 1', async () => {
    const sound = await told((terminal) => verifyAuditLog(place.settings(), terminal, { isJson: false, anchors: [] }));
    expect(sound.code).toBe(0);
    const { driver } = (await place.serve()).deps.database;
    // Whoever can do this can write into the file by other means as well: what keeps entries as they are is no lock.
    await driver.script('DROP TRIGGER audit_entries_unchanged');
    const sql = "UPDATE audit_entries SET actor_name = 'Somebody' WHERE action = 'connection.create'";
    await driver.run({ sql, params: [] }, 'write');
    const touched = await told((terminal) => verifyAuditLog(place.settings(), terminal, { isJson: false, anchors: [] }));
    expect([touched.code, touched.out]).toEqual([1, []]);
    expect(touched.err[0]).toMatch(/^The audit log was touched: /);
    const json = await told((terminal) => verifyAuditLog(place.settings(), terminal, { isJson: true, anchors: [] }));
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out.join('\n'))).toMatchObject({ isSound: false });
  });
});
