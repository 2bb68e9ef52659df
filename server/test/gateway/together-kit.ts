/** What the tests of several rooms at once share: limits and policies for the length of one test, every wire, callers who leave, and what the books add up to. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { createLimit, removeLimit, type LimitInput } from '../../src/control/limits.ts';
import { createPolicy, deletePolicy, type PolicyInput, type PolicyPlace } from '../../src/control/policies.ts';
import { createGroup, type GroupInput } from '../../src/control/routing-groups.ts';
import type { LimitSubject } from '../../src/domain/limit.ts';
import { requestsInFlight } from '../../src/gateway/admit.ts';
import { chunk, doneEvent, finishEvent, roleEvent, sse, usageEvent } from '../support/fake-provider.ts';
import { post, type Rig, type Said } from './rig.ts';
import { until } from '../support/wait.ts';

export const everywhere: PolicyPlace = { workspaceId: null, repositoryId: null };

/** Sets a limit until the test is over; gives its id. */
export async function limitFor(rig: Rig, subject: LimitSubject, part: Partial<LimitInput>): Promise<string> {
  const { limit } = await createLimit(rig.deps, rig.caller, { subject, kind: 'requests', value: 1, isShadow: false, ...part });
  onTestFinished(async () => {
    await removeLimit(rig.deps, rig.caller, limit.id!);
  });
  return limit.id!;
}

/** Lets a policy bind until the test is over; gives its id. */
export async function policyFor(rig: Rig, input: PolicyInput, place = everywhere): Promise<string> {
  const { id } = await createPolicy(rig.deps, rig.caller, place, { name: 'House rule', ...input });
  onTestFinished(async () => {
    await deletePolicy(rig.deps, rig.caller, id).catch(() => undefined);
  });
  return id;
}

export const everyonesOf = (rig: Rig) => ({ scope: 'organization' as const, id: rig.deps.keeper.snapshot.organizationId });

/** A routing group of everybody's; gives its id. Its name is a model from then on. */
export async function groupOf(rig: Rig, name: string, connectionIds: string[], part: Partial<GroupInput> = {}): Promise<string> {
  const targets = connectionIds.map((connectionId) => ({ connectionId, weight: 1, isEnabled: true }));
  return (await createGroup(rig.deps, rig.caller, everyonesOf(rig), { name, targets, ...part })).group.id;
}

/** Gives a model of this provider a price: a dollar for a million tokens in, two for a million out. */
export function priceOf(rig: Rig, provider: string, model: string, connectionId: string | null = null): void {
  rig.deps.keeper.snapshot.prices.put({
    id: `price of ${provider} ${model} ${connectionId}`,
    provider,
    model,
    connectionId,
    validFromMs: 0,
    validUntilMs: null,
    tiers: [{ fromTokensIn: 0, prices: { input: 1_000_000_000, output: 2_000_000_000 } }],
  });
}

export interface Wire {
  name: string;
  path: string;
  /** The body of a question with this text. */
  body: (model: string, text: string) => Record<string, unknown>;
  headers?: Record<string, string>;
  /** FALSE where its answers are numbers, which have no words and no streams. */
  saysWords: boolean;
}

export const wires: Wire[] = [
  {
    name: 'chat completions',
    path: '/v1/chat/completions',
    body: (model, text) => ({ model, max_tokens: 20, messages: [{ role: 'user', content: text }] }),
    saysWords: true,
  },
  {
    name: 'completions',
    path: '/v1/completions',
    body: (model, text) => ({ model, max_tokens: 20, prompt: text }),
    saysWords: true,
  },
  {
    name: 'responses',
    path: '/v1/responses',
    body: (model, text) => ({ model, max_output_tokens: 20, input: text, store: false }),
    saysWords: true,
  },
  {
    name: 'messages',
    path: '/v1/messages',
    body: (model, text) => ({ model, max_tokens: 20, messages: [{ role: 'user', content: text }] }),
    headers: { 'anthropic-version': '2023-06-01' },
    saysWords: true,
  },
  { name: 'embeddings', path: '/v1/embeddings', body: (model, text) => ({ model, input: text }), saysWords: false },
];

export const askBy = (rig: Rig, key: string, wire: Wire, body: Record<string, unknown>): Promise<Said> =>
  post(`${rig.url}${wire.path}`, JSON.stringify(body), { authorization: `Bearer ${key}`, ...wire.headers });

/** The events of a stream that says these texts. */
export const say = (...texts: string[]): string[] => [
  roleEvent,
  ...texts.map((content) => sse(chunk({ content }))),
  finishEvent,
  usageEvent,
  doneEvent,
];

export const idOf = ({ headers }: Said): string => String(headers['x-request-id']);

export interface Leaver {
  sent: ClientRequest;
  response: Promise<IncomingMessage>;
}

/** A request whose caller may hang up. */
export function call(rig: Rig, key: string, body: unknown, headers: Record<string, string> = {}): Leaver {
  const sent = httpRequest(`${rig.url}/v1/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
  });
  const response = new Promise<IncomingMessage>((resolve) => sent.on('response', resolve));
  sent.on('error', () => undefined);
  sent.end(JSON.stringify(body));
  return { sent, response };
}

export const untilQuiet = (): Promise<void> => until(() => requestsInFlight() === 0, 'every request ended');

const columns = {
  'access-key': 'access_key_id',
  user: 'user_id',
  workspace: 'workspace_id',
  connection: 'connection_id',
  group: 'routing_group_id',
} as const;

/** What the entries of the books cost in all that count for this subject, in nano-dollars. */
export async function bookedOn(rig: Rig, { kind, id }: LimitSubject): Promise<number> {
  await rig.rows();
  const [row] = await rig.started.house.database.driver.rows<{ cost: string | number }>({
    sql: `SELECT COALESCE(sum(cost_nano_usd), 0) AS cost FROM usage_events WHERE CAST(${columns[kind]} AS TEXT) = $1`,
    params: [id],
  });
  return Number(row!.cost);
}

/** Money that is spent or set aside, as the limits know it. */
export const moneyOf = (rig: Rig, subject: LimitSubject): number | undefined =>
  rig.deps.limits.usedOf(subject, 'money', 'total', rig.deps.clock.nowMs());

export const underWay = (rig: Rig, subject: LimitSubject): number | undefined => rig.deps.limits.usedOf(subject, 'concurrent', null, 0);
export const admittedTo = (rig: Rig, subject: LimitSubject): number | undefined => rig.deps.limits.usedOf(subject, 'requests', null, 0);

export interface Explained {
  candidates?: { connection_id: string; model: string }[];
  excluded?: { connection_id: string; code: string }[];
  refusal?: { code: string } | null;
  error?: { code: string };
}

export async function explained(rig: Rig, key: string, body: unknown): Promise<Explained> {
  const said = await post(`${rig.url}/v1/route/explain`, JSON.stringify(body), { authorization: `Bearer ${key}` });
  return JSON.parse(said.text) as Explained;
}

/** Who would be asked first, or the code of the refusal, in one word; `cameTo` says the same of a real answer. */
export const foreseen = ({ candidates, refusal, error }: Explained): string | undefined =>
  candidates?.[0]?.connection_id ?? refusal?.code ?? error?.code;
export const cameTo = (said: Said): string =>
  said.status === 200 ? String(said.headers['x-patchbay-connection']) : (JSON.parse(said.text) as { error: { code: string } }).error.code;
