/** The models of an Ollama server: listing, fetching with progress that never goes back, deleting, and S2's provider class. */
import { describe, expect, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import type { PullProgress } from '../../src/domain/local-models.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { OllamaProvider } from '../../src/providers/ai-provider.ts';
import { detailsAt, installedAt, removeAt } from '../../src/providers/ollama-models.ts';
import { installedModelsOf, modelDetailsOf } from '../../src/providers/ollama/local-models.ts';
import { createPullFolder } from '../../src/providers/ollama/pull.ts';
import { newEgress } from '../egress/wire.ts';
import { jsonAnswer, playVendor, timeouts, type Said, type Seen, type Vendor } from './call-kit.ts';
import { destination } from './kit.ts';

const tags = {
  models: [
    {
      name: 'llama3.2:latest',
      model: 'llama3.2:latest',
      modified_at: '2026-10-01T10:00:00.5Z',
      size: 2_019_393_189,
      digest: 'a80c4f17acd5',
      details: { format: 'gguf', family: 'llama', parameter_size: '3.2B', quantization_level: 'Q4_K_M' },
    },
    { name: 'qwen3:8b', size: 5_225_388_164 },
  ],
};
const running = { models: [{ name: 'qwen3:8b', size_vram: 6_000_000_000 }] };

const server = (answer: (seen: Seen) => Said): Promise<Vendor> => playVendor(answer);
const provider = (): OllamaProvider =>
  new OllamaProvider({ egress: newEgress(), clock: systemClock, ids: createIds(systemClock), timeouts });
const placeAt = (origin: string, path = '') => ({
  to: destination('ollama', 'm', {}, `${origin}${path}`),
  origin,
  trust: 'administrator' as const,
  secret: '',
  customHeaders: {},
});
const ownDeps = () => ({ egress: newEgress(), clock: systemClock });
const failureOf = async (asked: Promise<unknown>): Promise<UpstreamFailure> => {
  const error = await asked.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof UpstreamFailure) return error;
  throw new Error(`no failure: ${String(error)}`);
};

describe('what is installed', () => {
  test('is listed with its details, and what of it is loaded', () => {
    expect(installedModelsOf(tags, running)).toEqual([
      {
        id: 'llama3.2:latest',
        sizeBytes: 2_019_393_189,
        modifiedAtMs: Date.parse('2026-10-01T10:00:00.500Z'),
        digest: 'a80c4f17acd5',
        family: 'llama',
        parameterSize: '3.2B',
        quantization: 'Q4_K_M',
        isLoaded: false,
        loadedBytes: null,
      },
      expect.objectContaining({ id: 'qwen3:8b', isLoaded: true, loadedBytes: 6_000_000_000, family: null, modifiedAtMs: null }),
    ]);
  });

  test('a list that is none is empty; strange entries are passed over, each id is told once', () => {
    for (const body of [null, 3, 'x', [], { models: 'x' }]) expect(installedModelsOf(body)).toEqual([]);
    const models = [null, 'x', {}, { name: '' }, { name: 'a', size: -1, modified_at: 'x', details: 5 }, { name: 'a' }];
    expect(installedModelsOf({ models })).toEqual([expect.objectContaining({ id: 'a', sizeBytes: null, modifiedAtMs: null })]);
  });

  test('an older server without a list of what runs still answers', async () => {
    const { origin } = await server(({ path }) => (path === '/api/tags' ? jsonAnswer(tags) : jsonAnswer({}, 404)));
    expect((await installedAt(ownDeps(), placeAt(origin))).map(({ id, isLoaded }) => [id, isLoaded])).toEqual([
      ['llama3.2:latest', false],
      ['qwen3:8b', false],
    ]);
  });

  test('the details of one model name its context and what it can do', async () => {
    const shown = {
      details: { family: 'qwen3', parameter_size: '8.2B', quantization_level: 'Q4_K_M' },
      model_info: { 'general.architecture': 'qwen3', 'qwen3.context_length': 40_960 },
      capabilities: ['completion', 'tools', 'thinking', 7],
    };
    const vendor = await server(() => jsonAnswer(shown));
    expect(await detailsAt(ownDeps(), placeAt(vendor.origin), 'qwen3:8b')).toEqual({
      capabilities: ['completion', 'tools', 'thinking'],
      contextWindow: 40_960,
      family: 'qwen3',
      parameterSize: '8.2B',
      quantization: 'Q4_K_M',
    });
    expect(vendor.seen[0]).toMatchObject({ method: 'POST', path: '/api/show', json: { model: 'qwen3:8b' } });
    expect(modelDetailsOf(null)).toMatchObject({ capabilities: [], contextWindow: null });
  });

  test('a model is deleted by name; one that is not there is told', async () => {
    const vendor = await server(({ json }) => (json['model'] === 'gone' ? jsonAnswer({ error: "model 'gone' not found" }, 404) : {}));
    await removeAt(ownDeps(), placeAt(vendor.origin, '/v1'), 'qwen3:8b');
    expect(vendor.seen[0]).toMatchObject({ method: 'DELETE', path: '/api/delete', json: { model: 'qwen3:8b' } });
    expect((await failureOf(removeAt(ownDeps(), placeAt(vendor.origin), 'gone'))).fault).toBe('model_not_found');
  });
});

describe('progress of a download', () => {
  const fold = (...lines: unknown[]): PullProgress => {
    const folder = createPullFolder();
    for (const line of lines) folder.push(line);
    return folder.progress;
  };
  const layer = (digest: string, completed: number | undefined, total: number): unknown => ({
    status: `pulling ${digest}`,
    digest,
    total,
    completed,
  });

  test('counts every layer that is known', () => {
    expect(fold({ status: 'pulling manifest' }, layer('a', 40, 100), layer('b', undefined, 300), layer('a', 100, 100))).toEqual({
      phase: 'pulling a',
      totalBytes: 400,
      completedBytes: 100,
      percent: 40,
      isDone: false,
      error: null,
    });
  });

  test('never goes back: not for a layer that becomes known late, nor for bytes that are fetched again', () => {
    const folder = createPullFolder();
    let before = 0;
    for (const line of [layer('a', 90, 100), layer('b', 0, 900), layer('a', 10, 100), layer('b', 450, 900), layer('b', 100, 900)]) {
      const { percent, completedBytes } = folder.push(line);
      expect(percent).toBeGreaterThanOrEqual(before);
      expect(completedBytes).toBeLessThanOrEqual(1000);
      before = percent;
    }
    expect(folder.progress.completedBytes).toBe(540);
  });

  test('is 100 only when the server says so', () => {
    expect(fold(layer('a', 100, 100), { status: 'verifying sha256 digest' })).toMatchObject({ percent: 99, isDone: false });
    expect(fold(layer('a', 100, 100), { status: 'success' })).toMatchObject({ percent: 100, isDone: true });
    expect(fold({ status: 'success' })).toMatchObject({ percent: 100, isDone: true });
  });

  test('an error ends it, and lines that say nothing change nothing', () => {
    expect(fold(layer('a', 50, 100), { error: 'no space left on device' }, layer('a', 100, 100))).toMatchObject({
      percent: 50,
      error: 'no space left on device',
    });
    const strange = [
      null,
      3,
      'x',
      {},
      { digest: 'a' },
      { digest: 'a', total: -5, completed: 9 },
      { digest: 'a', total: 10, completed: 99 },
    ];
    expect(fold(...strange)).toMatchObject({ totalBytes: 10, completedBytes: 10, percent: 99 });
  });

  test('sizes that are none do not make the progress none', () => {
    const huge = [layer('a', 1, 1e308), layer('b', 1, 1e308), layer('c', 1, Number.MAX_SAFE_INTEGER)];
    expect(fold(...huge, layer('d', 50, 100))).toMatchObject({ totalBytes: 100, completedBytes: 50, percent: 50 });
  });

  test('layers without number do not fill the memory', () => {
    const folder = createPullFolder();
    for (let at = 0; at < 2000; at++) folder.push(layer(`l${at}`, 1, 1));
    expect(folder.progress.totalBytes).toBe(512);
  });
});

describe('OllamaProvider (R-135 to R-138)', () => {
  const lines = [
    { status: 'pulling manifest' },
    { status: 'pulling a', digest: 'sha256:a', total: 100, completed: 50 },
    { status: 'pulling a', digest: 'sha256:a', total: 100, completed: 100 },
    { status: 'verifying sha256 digest' },
    { status: 'success' },
  ].map((line) => `${JSON.stringify(line)}\n`);

  test('its name is ollama, and a test asks {baseUrl}/api/tags, at whichever address was given', async () => {
    expect(provider().name).toBe('ollama');
    const vendor = await server(() => jsonAnswer(tags));
    for (const path of ['', '/', '/v1', '/v1/', '/api']) {
      expect(await provider().testConnection({ baseUrl: `${vendor.origin}${path}`, trust: 'administrator' })).toBe(true);
      expect(vendor.seen.at(-1)).toMatchObject({ method: 'GET', path: '/api/tags' });
    }
  });

  test.each([300, 401, 404, 500])('%i is no connection', async (status) => {
    const { origin } = await server(() => jsonAnswer({}, status));
    expect(await provider().testConnection({ baseUrl: origin, trust: 'administrator' })).toBe(false);
  });

  test('nobody there is no connection either', async () => {
    expect(await provider().testConnection({ baseUrl: 'http://127.0.0.1:9', trust: 'administrator' })).toBe(false);
  });

  test('getLocalModels lists what is installed, getAvailableModels the same by id', async () => {
    const { origin } = await server(({ path }) => jsonAnswer(path === '/api/ps' ? running : tags));
    const config = { baseUrl: origin, trust: 'administrator' as const };
    expect((await provider().getLocalModels(config)).map(({ id, isLoaded }) => [id, isLoaded])).toEqual([
      ['llama3.2:latest', false],
      ['qwen3:8b', true],
    ]);
    expect((await provider().getAvailableModels(config)).map(({ id }) => id)).toEqual(['llama3.2:latest', 'qwen3:8b']);
  });

  test('createCompletion answers in the house language', async () => {
    const answer = {
      model: 'llama3',
      message: { role: 'assistant', content: 'Hi.' },
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 1,
      eval_count: 2,
    };
    const vendor = await server(() => jsonAnswer(answer));
    const config = { baseUrl: vendor.origin, model: 'llama3', trust: 'administrator' as const };
    expect((await provider().createCompletion(config, { messages: [{ role: 'user', content: 'x' }] })).choices[0]?.message.content).toBe(
      'Hi.',
    );
    expect(vendor.seen[0]?.path).toBe('/api/chat');
  });

  test('pullModel tells its progress and resolves at the end', async () => {
    const vendor = await server(() => ({ headers: { 'content-type': 'application/x-ndjson' }, pieces: lines }));
    const told: number[] = [];
    await provider().pullModel({ baseUrl: `${vendor.origin}/v1`, trust: 'administrator' }, 'llama3.2', {
      onProgress: ({ percent }) => told.push(percent),
    });
    expect(vendor.seen[0]).toMatchObject({ path: '/api/pull', json: { model: 'llama3.2', stream: true } });
    expect(told).toEqual([0, 50, 99, 99, 100]);
  });

  test.each([
    ['an unknown model', { pieces: [`${JSON.stringify({ error: 'pull model manifest: file does not exist' })}\n`] }, 'model_not_found'],
    ['a full disk', { pieces: [lines[1]!, `${JSON.stringify({ error: 'no space left on device' })}\n`] }, 'invalid_response'],
    ['a broken line', { pieces: [lines[1]!], isBroken: true }, 'connection_lost'],
    ['an end without success', { pieces: [lines[1]!] }, 'connection_lost'],
    ['a refusal', { status: 401, pieces: ['{"error":"unauthorized"}'] }, 'auth'],
  ])('%s fails it', async (_name, said, fault) => {
    const { origin } = await server(() => said);
    expect((await failureOf(provider().pullModel({ baseUrl: origin, trust: 'administrator' }, 'x'))).fault).toBe(fault);
  });

  test('a signal ends it, before and while it runs', async () => {
    const gate = Promise.withResolvers<Said>();
    const vendor = await playVendor(() => gate.promise);
    const config = { baseUrl: vendor.origin, trust: 'administrator' as const };
    const stop = new AbortController();
    const pulling = failureOf(provider().pullModel(config, 'x', { signal: stop.signal }));
    await expect.poll(() => vendor.seen.length).toBe(1);
    stop.abort();
    expect((await pulling).fault).toBe('caller_gone');
    expect((await failureOf(provider().pullModel(config, 'x', { signal: stop.signal }))).fault).toBe('caller_gone');
    gate.resolve({});
  });
});
