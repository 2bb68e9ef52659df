/** A house for the tests of policies: people with each role in one workspace, a repository in it, and violations that a test writes down. */
import type { Violation } from '../../src/domain/policy.ts';
import { createRepository } from '../../src/control/repositories.ts';
import type { Origin } from '../../src/domain/owner.ts';
import { openConnectionsHouse, type ConnectionsHouse, type Seen } from './connections-house.ts';
import type { Resident } from './house.ts';

export interface PolicyHouse {
  house: ConnectionsHouse;
  admin: Resident;
  /** ADMIN of the workspace, and nothing in the organization. */
  head: Resident;
  reader: Resident;
  /** A member of no workspace. */
  outsider: Resident;
  organizationId: string;
  workspaceId: string;
  otherId: string;
  repositoryId: string;
  ask(who: Resident | null, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Seen>;
  /** Notes one, as the gateway would. */
  find(part: Partial<Violation>): Violation;
  close(): Promise<void>;
}

export const nowhere = '00000000-0000-7000-8000-000000000000';
export const codeOf = ({ status, body }: Seen): unknown[] => [status, body['error_code']];

export async function openPolicyHouse(): Promise<PolicyHouse> {
  const house = await openConnectionsHouse();
  const admin = await house.createResident('Admin', 'administrator');
  const head = await house.createResident('Head');
  const reader = await house.createResident('Reader');
  const outsider = await house.createResident('Outsider');
  const workspaceId = await house.createWorkspace('Team', [
    [head, 'ADMIN'],
    [reader, 'READ'],
  ]);
  const otherId = await house.createWorkspace('Other', [[admin, 'ADMIN']]);
  const { deps } = house;
  const origin: Origin = { requestId: deps.ids.uuid(), address: '127.0.0.1', agent: 'test' };
  const { actor } = admin;
  const input = { name: 'Files', workspaceId, connectionIds: [] };
  const repository = await createRepository(deps, { actor, origin }, input, { connectionAt: (at) => `connectionIds.${at}` });
  return {
    house,
    admin,
    head,
    reader,
    outsider,
    organizationId: deps.keeper.snapshot.organizationId,
    workspaceId,
    otherId,
    repositoryId: repository.id,
    ask: (who, method, path, body, headers) => house.ask(who, method, path, body, headers),
    find(part) {
      const violation: Violation = {
        id: deps.ids.uuid(),
        atMs: deps.clock.nowMs(),
        policyId: nowhere,
        policyName: 'Policy',
        action: 'block',
        isBlocked: true,
        severity: 'HIGH',
        stage: 'prompt',
        facts: [{ rule: 'personal', name: 'email', count: 2, excerpt: 'an***om' }],
        requestId: deps.ids.uuid(),
        workspaceId,
        repositoryId: null,
        accessKeyId: null,
        userId: reader.id,
        connectionId: null,
        provider: 'openai',
        model: 'gpt-4o',
        host: 'api.example.com',
        ...part,
      };
      deps.found.note(violation);
      return violation;
    },
    close: () => house.close(),
  };
}
