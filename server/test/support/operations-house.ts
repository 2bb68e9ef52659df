/** A running house with a provider that offers everything, others that do not, and OpenAI's own client before it. */
import OpenAI from 'openai';
import { errorOf, openRig, post, type ErrorShape, type Rig, type Row, type Said } from '../gateway/rig.ts';
import { startFakeProvider, type Answer, type FakeProvider } from './fake-provider.ts';

export interface OperationsHouse {
  rig: Rig;
  key: string;
  sdk: OpenAI;
  /** Behind `All` (offers everything) and, at its own address, `Second`. */
  all: FakeProvider;
  second: FakeProvider;
  /** Behind `Claude`, `Gem` and `Llama`: wires of their own. */
  other: FakeProvider;
  answer(fake: 'all' | 'second' | 'other', ...answers: Answer[]): void;
  ask(path: string, body: unknown, headers?: Record<string, string>): Promise<Said>;
  /** A form as a client would write it, or as nobody should. */
  askForm(path: string, form: FormData | Buffer, headers?: Record<string, string>): Promise<Said>;
  rowsOf(said: Said): Promise<Row[]>;
  lastRow(): Promise<Row>;
  close(): Promise<void>;
}

export async function openOperationsHouse(): Promise<OperationsHouse> {
  const rig = await openRig();
  const [all, second, other] = await Promise.all([startFakeProvider(), startFakeProvider(), startFakeProvider()]);
  await rig.connect({ name: 'All', providerId: 'openai', baseUrl: all.baseUrl, isDefault: true });
  await rig.connect({ name: 'Own', providerId: 'custom', baseUrl: all.baseUrl });
  await rig.connect({ name: 'Second', providerId: 'custom', baseUrl: second.baseUrl, model: 'shared' });
  await rig.connect({ name: 'Claude', providerId: 'anthropic', baseUrl: other.baseUrl, model: 'claude-sonnet-4-5' });
  await rig.connect({ name: 'Gem', providerId: 'gemini', baseUrl: `${other.origin}/v1beta`, model: 'gemini-embedding-001' });
  await rig.connect({ name: 'Llama', providerId: 'ollama', baseUrl: other.origin, model: 'nomic-embed-text' });
  const { text: key } = await rig.issueKey();
  const fakes = { all, second, other };
  const headers = { authorization: `Bearer ${key}` };
  return {
    rig,
    key,
    ...fakes,
    sdk: new OpenAI({ apiKey: key, baseURL: `${rig.url}/v1`, maxRetries: 0 }),
    answer(fake, ...answers) {
      fakes[fake].received.length = 0;
      fakes[fake].answer(...answers);
    },
    ask: (path, body, more = {}) =>
      post(`${rig.url}/v1${path}`, typeof body === 'string' ? body : JSON.stringify(body), { ...headers, ...more }),
    async askForm(path, form, more = {}) {
      const bytes = Buffer.isBuffer(form) ? form : Buffer.from(await new Response(form).bytes());
      const boundary = /^--([^\r\n]+)/.exec(bytes.toString('latin1'))?.[1] ?? 'none';
      return post(`${rig.url}/v1${path}`, bytes, { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}`, ...more });
    },
    rowsOf: (said) => rig.rowsOf(String(said.headers['x-request-id'])),
    lastRow: async () => (await rig.rows()).at(-1)!,
    async close() {
      await rig.close();
      await Promise.all([all, second, other].map((fake) => fake.close()));
    },
  };
}

/** Status and error of a refusal, checked to have the whole shape. */
export const refusal = (said: Said): Pick<ErrorShape, 'code' | 'param' | 'message'> & { status: number } => {
  const { code, param, message } = errorOf(said);
  return { status: said.status, code, param, message };
};
