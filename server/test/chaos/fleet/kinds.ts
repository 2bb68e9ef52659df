/** What people make, change and take away: how each kind of thing is made, and two changes of it that touch different fields. */
import { data, made, type World } from './world.ts';
import type { Answer, Member } from './members.ts';

type Body = Readonly<Record<string, unknown>>;

/** What others refer to; made once for each meeting, and it stays. */
export interface Ground {
  connectionId: string;
  workspaceId: string;
  accessKeyId: string;
}

export interface Kind {
  name: string;
  path: string;
  /** How a change is sent. */
  method: 'PATCH' | 'PUT';
  make(world: World, ground: Ground): Body;
  /** What both changes need beside their own field. */
  whole?: Body;
  /** Two changes, each of one field: the last one sent must not undo the other. */
  changes(world: World): readonly [Body, Body];
  /** Two of the same cannot be. */
  isAlone: boolean;
  /** What the second of two that are the same is answered with, where it is not 409. */
  takenStatus?: number;
  /** The status of one that was made. */
  madeStatus: number;
  /** It stays to be seen after it was taken away. */
  isKept?: boolean;
  /** Nobody else sees it: all that is done with it is done by who made it. */
  isPersonal?: boolean;
  /** There is no page of one alone. */
  isListedOnly?: boolean;
}

export const idOf = (answer: Answer): string => String(data(answer)['id']);
const prompt = 'Answer shortly.';

export const kinds: readonly Kind[] = [
  {
    name: 'connection',
    path: '/api/configurations',
    method: 'PATCH',
    make: (world) => ({ name: world.fresh('connection'), provider: 'openai', baseUrl: world.providerUrl, apiKey: secretOf(world), model: 'gpt-4o' }), // prettier-ignore
    changes: () => [{ model: 'gpt-4o-mini' }, { isActive: false }],
    isAlone: true,
    madeStatus: 201,
    isPersonal: true,
  },
  {
    name: 'connection of everybody',
    path: '/api/admin/models',
    method: 'PATCH',
    make: (world) => ({ name: world.fresh('model'), provider: 'openai', apiUrl: world.providerUrl, apiKey: secretOf(world), modelVariant: 'gpt-4o' }), // prettier-ignore
    changes: () => [{ modelVariant: 'gpt-4o-mini' }, { isActive: false }],
    isAlone: true,
    madeStatus: 201,
  },
  {
    name: 'access key',
    path: '/api/access-keys',
    method: 'PATCH',
    make: (world) => ({ name: world.fresh('key') }),
    changes: () => [{ rpm: 7 }, { budgetUsd: '3' }],
    isAlone: false,
    madeStatus: 201,
    isKept: true,
  },
  {
    name: 'use case',
    path: '/api/use-cases',
    method: 'PATCH',
    make: (world, { connectionId }) => ({ name: world.fresh('use case'), connectionId, systemPrompt: prompt, allRoles: true }),
    changes: () => [{ description: 'changed' }, { temperature: 0.5 }],
    isAlone: true,
    madeStatus: 201,
  },
  {
    name: 'routing group',
    path: '/api/routing-groups',
    method: 'PATCH',
    make: (world, { connectionId }) => ({
      name: world.fresh('group'),
      scope: 'organization',
      targets: [{ connectionId, model: 'gpt-4o' }],
    }),
    changes: () => [{ strategy: 'weighted' }, { isActive: false }],
    isAlone: true,
    madeStatus: 201,
  },
  {
    name: 'policy',
    path: '/api/policies',
    method: 'PATCH',
    make: (world) => ({ name: world.fresh('policy'), action: 'log', rules: { keywords: ['never-said-by-anybody'] } }),
    changes: () => [{ content: 'changed' }, { risk: 'LOW' }],
    isAlone: false,
    madeStatus: 201,
  },
  {
    name: 'limit',
    path: '/api/limits',
    method: 'PATCH',
    make: (_world, { accessKeyId }) => ({
      subjectKind: 'access-key',
      subjectId: accessKeyId,
      kind: 'money',
      period: 'month',
      value: '100',
    }),
    changes: () => [{ value: '90' }, { isShadow: true }],
    isAlone: true,
    madeStatus: 201,
  },
  {
    name: 'repository',
    path: '/api/repositories',
    method: 'PATCH',
    make: (world, { workspaceId }) => ({ name: world.fresh('repository'), workspaceId }),
    changes: (world) => [{ name: world.fresh('repository') }, { name: world.fresh('repository') }],
    isAlone: true,
    madeStatus: 201,
  },
  {
    name: 'workspace',
    path: '/workspace',
    method: 'PUT',
    make: (world) => ({ name: world.fresh('workspace') }),
    changes: (world) => [{ name: world.fresh('workspace') }, { name: world.fresh('workspace') }],
    isAlone: true,
    takenStatus: 400,
    madeStatus: 200,
    isKept: true,
  },
  {
    name: 'alert rule',
    path: '/api/alert-rules',
    method: 'PATCH',
    make: (world) => ({ scope: 'organization', kind: 'spend', name: world.fresh('rule'), value: '1000', period: 'month' }),
    changes: () => [{ value: '2000' }, { isActive: false }],
    isAlone: false,
    madeStatus: 201,
  },
  {
    name: 'alert channel',
    path: '/api/alert-channels',
    method: 'PATCH',
    make: (world) => ({
      scope: 'organization',
      kind: 'webhook',
      name: world.fresh('channel'),
      url: `http://127.0.0.1:9/${secretOf(world)}`,
    }),
    changes: () => [{ name: 'a channel that is changed' }, { isActive: false }],
    isAlone: false,
    madeStatus: 201,
  },
  {
    name: 'template',
    path: '/api/admin/templates',
    method: 'PUT',
    make: (world) => ({ provider: 'openai', name: world.fresh('template'), configuration: { temperature: 0.5 } }),
    whole: { name: 'a template', configuration: { temperature: 0.5 } },
    changes: () => [{ description: 'one' }, { isDefault: true }],
    isAlone: false,
    madeStatus: 201,
    isListedOnly: true,
  },
  {
    name: 'person',
    path: '/api/admin/users',
    method: 'PATCH',
    make: (world) => ({ name: 'A person', email: `${world.fresh('person').replaceAll(' ', '-')}@example.org`, role: 'user', password: secretOf(world) }), // prettier-ignore
    changes: () => [{ name: 'Another name' }, { role: 'manager' }],
    isAlone: true,
    madeStatus: 201,
    isListedOnly: true,
  },
];

/** One that no line may show. */
export function secretOf(world: World): string {
  const secret = `CANARY-${world.fresh('secret').replaceAll(' ', '-')}-9f3b1c7a5e2d8046`;
  world.listener.keepOut(secret);
  return secret;
}

/** A connection, a workspace and a key of their own, so that meetings do not meet each other. */
export async function layGround(world: World, member: Member): Promise<Ground> {
  const [connection, workspace, key] = await Promise.all([
    made(world, member, 'POST', '/api/admin/models', kinds[1]!.make(world, noGround)),
    made(world, member, 'POST', '/workspace', { name: world.fresh('workspace') }),
    made(world, member, 'POST', '/api/access-keys', { name: world.fresh('key') }),
  ]);
  world.listener.keepOut(String(data(key)['key']));
  return { connectionId: idOf(connection), workspaceId: idOf(workspace), accessKeyId: idOf(key) };
}

const noGround: Ground = { connectionId: '', workspaceId: '', accessKeyId: '' };
