/** Exports as vendors write them, and as nobody should: each is read to the last token, or refused with line and column. */
import { describe, expect, test } from 'vitest';
import { exportLines, linesMax, type ReadLine } from '../../src/control/usage-export-lines.ts';
import { ExportFault, nanoOf } from '../../src/domain/usage-export.ts';

async function* pieces(text: string | Buffer, bytes = 65_536): AsyncGenerator<Buffer> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
}

async function read(text: string | Buffer, bytes?: number): Promise<ReadLine[]> {
  const lines: ReadLine[] = [];
  for await (const line of exportLines(pieces(text, bytes))) lines.push(line);
  return lines;
}

const faultOf = async (text: string | Buffer): Promise<Pick<ExportFault, 'code' | 'line' | 'column'>> => {
  const error: unknown = await read(text).catch((caught: unknown) => caught);
  if (!(error instanceof ExportFault)) throw new Error(`no fault, but ${JSON.stringify(error)}`);
  return { code: error.code, line: error.line, column: error.column };
};

const day = 1_790_467_200;
const dayMs = 86_400_000;
const openAiUsage = [
  'start_time,end_time,start_time_iso,end_time_iso,num_model_requests,project_id,user_id,api_key_id,model,batch,input_tokens,output_tokens,input_cached_tokens,input_audio_tokens,output_audio_tokens',
  `${day},${day + 86_400},2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,12,proj_1,,key_1,gpt-4o-2024-08-06,false,1000,200,300,50,20`,
  `${day},${day + 86_400},2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,3,proj_1,,key_1,gpt-4o-2024-08-06,true,70,7,0,0,0`,
  `${day + 86_400},${day + 172_800},2026-09-28T00:00:00+00:00,2026-09-29T00:00:00+00:00,,,,,,,,,,,`,
].join('\n');
const openAiCost = [
  'start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email,api_source',
  `${day},${day + 86_400},,,0.003835980000000000000000000000,usd,1000,tokens,"gpt-5-nano, input_tokens",,key_1,proj_a,org,Project,Org,a@example.com,`,
  `${day},${day + 86_400},,,,,,,,,,,,,,,`,
].join('\n');
const anthropicUsage = [
  'usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed',
  '2026-03-22,claude-sonnet-4-20250514,test-key,Default,standard,≤ 200k,100,20,5,300,50,0,global,',
  '2026-03-22,claude-sonnet-4-20250514,test-key,Default,batch,≤ 200k,1,0,0,0,1,0,global,',
].join('\r\n');
const anthropicCost = [
  'usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed',
  '2026-08-04,Claude Haiku 4.5,Default,demo-key,message,≤ 200k,input_no_cache,0.05,0.05,token,not_available,',
  '2026-08-04,,Default,,,,,-1.25,,web_search,,',
].join('\n');
const nothing = {
  keyName: '',
  model: '',
  isBatch: false,
  requests: 0,
  tokensIn: 0,
  tokensCached: 0,
  tokensCacheWrite: 0,
  tokensOut: 0,
  costNanoUsd: 0,
};
const span = { fromMs: day * 1000, toMs: day * 1000 + dayMs };

describe('CSV', () => {
  test("OpenAI's usage, sound and batches included; a day without use tells its time", async () => {
    const lines = await read(openAiUsage);
    expect(lines.map(({ lineNo, format }) => [lineNo, format])).toEqual([
      [2, 'openai-usage'],
      [3, 'openai-usage'],
      [4, 'openai-usage'],
    ]);
    expect(lines.map(({ line }) => line)).toEqual([
      {
        ...nothing,
        ...span,
        keyName: 'key_1',
        model: 'gpt-4o-2024-08-06',
        requests: 12,
        tokensIn: 1_050,
        tokensCached: 300,
        tokensOut: 220,
      },
      { ...nothing, ...span, keyName: 'key_1', model: 'gpt-4o-2024-08-06', isBatch: true, requests: 3, tokensIn: 70, tokensOut: 7 },
      { ...nothing, fromMs: span.toMs, toMs: span.toMs + dayMs },
    ]);
  });

  test("OpenAI's cost to the nano-dollar, with a comma in the name of a line", async () => {
    expect((await read(openAiCost)).map(({ line }) => line)).toEqual([
      { ...nothing, ...span, keyName: 'key_1', model: 'gpt-5-nano', costNanoUsd: 3_835_980 },
      { ...nothing, ...span },
    ]);
  });

  test("Anthropic's usage, where the prompt is the sum of its three parts", async () => {
    const fromMs = Date.parse('2026-03-22T00:00:00Z');
    const shared = { ...nothing, fromMs, toMs: fromMs + dayMs, keyName: 'test-key', model: 'claude-sonnet-4-20250514' };
    expect((await read(anthropicUsage)).map(({ line }) => line)).toEqual([
      { ...shared, tokensIn: 425, tokensCached: 300, tokensCacheWrite: 25, tokensOut: 50 },
      { ...shared, isBatch: true, tokensIn: 1, tokensOut: 1 },
    ]);
  });

  test("Anthropic's cost, credits below zero and what belongs to no model included", async () => {
    const costs = (await read(anthropicCost)).map(({ line }) => [line.model, line.keyName, line.costNanoUsd]);
    expect(costs).toEqual([
      ['Claude Haiku 4.5', 'demo-key', 50_000_000],
      ['', '', -1_250_000_000],
    ]);
  });

  test('a mark at the beginning, columns in another order and unknown ones besides change nothing, in pieces of any size', async () => {
    const names = openAiUsage.split('\n')[0]!.split(',');
    const turned = openAiUsage
      .split('\n')
      .map((row, index) => [index === 0 ? 'new_column' : '=1+1', ...row.split(',').toReversed()].join(','))
      .join('\n');
    const plain = (await read(openAiUsage)).map(({ line }) => line);
    expect(names).toContain('batch');
    expect((await read(`\ufeff${turned}`)).map(({ line }) => line)).toEqual(plain);
    expect((await read(openAiUsage, 3)).map(({ line }) => line)).toEqual(plain);
  });

  test('a time of day without a zone is UTC only where the column says so', async () => {
    const at = async (text: string) => (await read(`usage_date_utc,model,cost_usd\n${text},m,1\n`))[0]?.line.fromMs;
    expect(await at('2026-08-04 15:00')).toBe(Date.parse('2026-08-04T15:00:00Z'));
    expect(await at('2026-08-04T15:00:30+07:00')).toBe(Date.parse('2026-08-04T08:00:30Z'));
  });
});

const changed = (text: string, from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

describe('a file is refused with its place', () => {
  test.each<[string, string | Buffer, Awaited<ReturnType<typeof faultOf>>]>([
    ['nothing in it', '', { code: 'empty', line: null, column: null }],
    ['nothing but names', openAiUsage.split('\n')[0]!, { code: 'empty', line: null, column: null }],
    ['blank lines', '\n\n  \n', { code: 'empty', line: null, column: null }],
    ['other columns', 'date,amount\n2026-01-01,5\n', { code: 'unknown_columns', line: 1, column: 'date, amount' }],
    [
      'one name twice',
      'usage_date_utc,model,cost_usd,cost_usd\n2026-01-01,m,1,2\n',
      { code: 'unknown_columns', line: 1, column: 'cost_usd' },
    ],
    ['a word for a number', changed(openAiUsage, ',1000,', ',a lot,'), { code: 'number', line: 2, column: 'input_tokens' }],
    ['a number below zero', changed(openAiUsage, ',1000,', ',-5,'), { code: 'number', line: 2, column: 'input_tokens' }],
    [
      'a number beyond all numbers',
      changed(openAiUsage, ',70,7,', ',9999999999999999,7,'),
      { code: 'number', line: 3, column: 'input_tokens' },
    ],
    ['thousands with points', changed(openAiUsage, ',1000,', ',1.000,'), { code: 'number', line: 2, column: 'input_tokens' }],
    ['another currency', changed(openAiCost, ',usd,', ',eur,'), { code: 'currency', line: 2, column: 'amount_currency' }],
    ['no currency', changed(openAiCost, ',usd,', ',,'), { code: 'currency', line: 2, column: 'amount_currency' }],
    ['an amount with a comma', changed(anthropicCost, ',0.05,0.05', ',"0,05",0.05'), { code: 'number', line: 2, column: 'cost_usd' }],
    [
      'a day that there is not',
      changed(anthropicCost, '2026-08-04,Claude', '2026-06-31,Claude'),
      { code: 'time', line: 2, column: 'usage_date_utc' },
    ],
    [
      'a day as Americans write it',
      changed(anthropicCost, '2026-08-04,Claude', '08/04/2026,Claude'),
      { code: 'time', line: 2, column: 'usage_date_utc' },
    ],
    ['milliseconds for seconds', changed(openAiUsage, `\n${day},`, `\n${day}000,`), { code: 'time', line: 2, column: 'start_time' }],
    [
      'a month in one line',
      changed(openAiUsage, `,${day + 86_400},`, `,${day + 30 * 86_400},`),
      { code: 'span', line: 2, column: 'end_time' },
    ],
    [
      'an end before its beginning',
      changed(openAiUsage, `,${day + 86_400},`, `,${day - 1},`),
      { code: 'span', line: 2, column: 'end_time' },
    ],
    ['sums over all models', changed(openAiUsage, 'gpt-4o-2024-08-06,false', ',false'), { code: 'missing', line: 2, column: 'model' }],
    [
      'sums over all lines of a bill',
      changed(openAiCost, '"gpt-5-nano, input_tokens"', ''),
      { code: 'missing', line: 2, column: 'line_item' },
    ],
    [
      'a name without end',
      changed(openAiUsage, 'key_1,gpt', `${'k'.repeat(300)},gpt`),
      { code: 'too_long', line: 2, column: 'api_key_id' },
    ],
    ['a letter that no text has', changed(openAiUsage, 'key_1,gpt', 'key\u0000,gpt'), { code: 'too_long', line: 2, column: 'api_key_id' }],
    ['another encoding', Buffer.from(openAiUsage, 'utf16le'), { code: 'not_utf8', line: null, column: null }],
    ['JSON that breaks off', '{"data":[\n{"start_time":1,', { code: 'not_json', line: null, column: null }],
    ['JSON of something else', '{"object":"list"}', { code: 'unknown_columns', line: 1, column: 'data' }],
    ['pages without results', '{"data":[{"start_time":1,"end_time":2,"results":[]}]}', { code: 'empty', line: null, column: null }],
  ])('%s', async (name, text, expected) => {
    const fault = await faultOf(text);
    if (name === 'JSON that breaks off') expect(fault.code).toBe('not_json');
    else if (name === 'another encoding') expect(['not_utf8', 'unknown_columns']).toContain(fault.code);
    else expect(fault).toEqual(expected);
  });

  test('a quote that never closes, and lines of different lengths, are no CSV; a line without end is too long', async () => {
    expect((await faultOf(`${openAiUsage}\n"${day},`)).code).toBe('not_csv');
    const uneven = await faultOf(`${openAiUsage}\n1,2\n`);
    expect(uneven).toMatchObject({ code: 'not_csv', line: 5 });
    expect((await faultOf(`${openAiUsage}\n${'x'.repeat(200_000)}`)).code).toBe('too_long');
  });

  test('a file of more lines than one may have is not read to its end', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from('usage_date_utc,model,cost_usd\n');
      const block = Buffer.from('2026-08-04,m,1\n'.repeat(10_000));
      for (let at = 0; at <= linesMax / 10_000; at++) yield block;
    }
    let count = 0;
    const reading = async (): Promise<void> => {
      for await (const _ of exportLines(endless())) count++;
    };
    await expect(reading()).rejects.toMatchObject({ code: 'too_many_lines' });
    expect(count).toBe(linesMax);
  });
});

describe('JSON', () => {
  const openAiPage = {
    object: 'page',
    data: [
      {
        object: 'bucket',
        start_time: day,
        end_time: day + 86_400,
        results: [
          {
            object: 'organization.usage.completions.result',
            input_tokens: 1_000,
            output_tokens: 200,
            input_cached_tokens: 300,
            input_audio_tokens: 0,
            output_audio_tokens: 0,
            num_model_requests: 12,
            project_id: null,
            user_id: null,
            api_key_id: 'key_1',
            model: 'gpt-4o',
            batch: false,
          },
        ],
      },
    ],
    has_more: false,
    next_page: null,
  };
  const costPage = (value: unknown) => ({
    data: [
      {
        start_time: day,
        end_time: day + 86_400,
        results: [{ amount: { value, currency: 'usd' }, line_item: 'gpt-4o, input', project_id: null }],
      },
    ],
    has_more: false,
  });

  test("OpenAI's pages of usage, one or several", async () => {
    const expected = {
      ...nothing,
      ...span,
      keyName: 'key_1',
      model: 'gpt-4o',
      requests: 12,
      tokensIn: 1_000,
      tokensCached: 300,
      tokensOut: 200,
    };
    expect((await read(JSON.stringify(openAiPage, null, 2))).map(({ line }) => line)).toEqual([expected]);
    const both = await read(JSON.stringify([{ ...openAiPage, has_more: true }, openAiPage]));
    expect(both.map(({ lineNo, line }) => [lineNo, line.tokensIn])).toEqual([
      [1, 1_000],
      [2, 1_000],
    ]);
  });

  test("OpenAI's costs, also where the number is written with an exponent", async () => {
    expect((await read(JSON.stringify(costPage(0.06))))[0]?.line.costNanoUsd).toBe(60_000_000);
    expect(
      (
        await read(
          '{"data":[{"start_time":1790467200,"end_time":1790553600,"results":[{"amount":{"value":1.2e-7,"currency":"usd"},"line_item":"m, input"}]}]}',
        )
      )[0]?.line.costNanoUsd,
    ).toBe(120);
  });

  test("Anthropic's usage with its caches, and its costs in cents", async () => {
    const bucket = { starting_at: '2026-08-04T00:00:00Z', ending_at: '2026-08-05T00:00:00Z' };
    const usage = {
      uncached_input_tokens: 100,
      cache_creation: { ephemeral_1h_input_tokens: 5, ephemeral_5m_input_tokens: 20 },
      cache_read_input_tokens: 300,
      output_tokens: 50,
      server_tool_use: { web_search_requests: 0 },
      api_key_id: 'apikey_1',
      model: 'claude-sonnet-4-20250514',
      service_tier: 'batch',
    };
    const [one] = await read(JSON.stringify({ data: [{ ...bucket, results: [usage] }], has_more: false }));
    expect(one).toMatchObject({
      format: 'anthropic-usage',
      line: { keyName: 'apikey_1', tokensIn: 425, tokensCached: 300, tokensCacheWrite: 25, tokensOut: 50, isBatch: true },
    });
    const cost = { currency: 'USD', amount: '123.78912', model: 'claude-sonnet-4-20250514', workspace_id: null };
    const [two] = await read(JSON.stringify({ data: [{ ...bucket, results: [cost] }], has_more: false }));
    expect(two).toMatchObject({ format: 'anthropic-cost', line: { costNanoUsd: 1_237_891_200 } });
  });

  test('pages of which one is missing, and pages of two kinds, are refused', async () => {
    expect((await faultOf(JSON.stringify({ ...openAiPage, has_more: true }))).code).toBe('page_missing');
    expect((await faultOf(JSON.stringify([openAiPage, costPage(1)]))).code).toBe('unknown_columns');
  });

  test('a number that has lost its last digits, a text in its place and a currency of another land are refused with their column', async () => {
    expect(await faultOf(JSON.stringify(openAiPage).replace('"input_tokens":1000', '"input_tokens":90071992547409930'))).toEqual({
      code: 'number',
      line: 1,
      column: 'input_tokens',
    });
    expect(await faultOf(JSON.stringify(openAiPage).replace('"input_tokens":1000', '"input_tokens":"many"'))).toMatchObject({
      column: 'input_tokens',
    });
    expect(await faultOf(JSON.stringify(costPage(1)).replace('"usd"', '"idr"'))).toEqual({
      code: 'currency',
      line: 1,
      column: 'amount_currency',
    });
    expect(await faultOf(JSON.stringify(costPage('1,5')))).toEqual({ code: 'number', line: 1, column: 'amount_value' });
  });

  test('a member that pretends to be of every object is no column', async () => {
    const text = JSON.stringify(openAiPage).replace('"object":"page"', '"__proto__":{"has_more":true}');
    expect(await read(text)).toHaveLength(1);
  });
});

test.each<[string, number, number | null]>([
  ['0', 0, 0],
  ['12.5', 0, 12_500_000_000],
  ['0.0000000004', 0, 0],
  ['0.0000000005', 0, 1],
  ['-0.0000000005', 0, -1],
  ['1e-9', 0, 1],
  ['1E3', 0, 1_000_000_000_000],
  ['123.45', -2, 1_234_500_000],
  ['9007199.254740992', 0, null],
  ['1,5', 0, null],
  ['', 0, null],
  ['1e99', 0, null],
  ['0x10', 0, null],
  ['--1', 0, null],
])('the amount %j moved by %i is %j nano-dollars', (text, scale, nano) => {
  expect(nanoOf(text, scale)).toBe(nano);
});
