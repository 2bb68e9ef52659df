/** A house for the tests of single rooms: a caller of every standing, what the audit log says of a deed, and somebody who is faster. */
import type { Caller } from '../../src/control/change.ts';
import type { FieldWords } from '../../src/control/connection-input.ts';
import { createConnection } from '../../src/control/connections.ts';
import { Refusal, type FieldFault } from '../../src/domain/errors.ts';
import type { Owner } from '../../src/domain/owner.ts';
import type { Database } from '../../src/storage/database.ts';
import { openHouse, origin, type House } from './house.ts';

export interface RoomsHouse {
  house: House;
  admin: Caller;
  /** ADMIN of the workspace, and nothing in the organization. */
  head: Caller;
  reader: Caller;
  /** A member of no workspace. */
  outsider: Caller;
  organization: Owner;
  workspace: Owner;
  ownOf(caller: Caller): Owner;
  connectionOf(owner: Owner, by: Caller): Promise<string>;
  /** Outcomes and error codes of what the audit log has of an action on one thing, the oldest first. */
  auditOf(action: string, subjectId: string | null): Promise<[string, string | null, string | null][]>;
}

export const nowhere = '00000000-0000-7000-8000-000000000000';
const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'apiKey',
  accessKeyId: 'accessKeyId',
  model: 'model',
  settings: 'configuration',
  needsModel: false,
};

export async function openRoomsHouse(): Promise<RoomsHouse> {
  const house = await openHouse({ egressAllow: '127.0.0.1:*' });
  const { deps, database } = house;
  const residents = [
    await house.createResident('Admin', 'administrator'),
    await house.createResident('Head'),
    await house.createResident('Reader'),
    await house.createResident('Outsider'),
  ] as const;
  const [, head, reader] = residents;
  const workspaceId = await house.createWorkspace('Team', [
    [head, 'ADMIN'],
    [reader, 'READ'],
  ]);
  const { snapshot } = deps.keeper;
  const callerOf = (at: 0 | 1 | 2 | 3): Caller => ({ actor: snapshot.actorOf(residents[at].id, 'session')!, origin });
  let names = 0;
  return {
    house,
    admin: callerOf(0),
    head: callerOf(1),
    reader: callerOf(2),
    outsider: callerOf(3),
    organization: { scope: 'organization', id: snapshot.organizationId },
    workspace: { scope: 'workspace', id: workspaceId },
    ownOf: ({ actor }) => ({ scope: 'user', id: actor.userId }),
    async connectionOf(owner, by) {
      const input = {
        name: `Line ${++names}`,
        providerId: 'custom',
        baseUrl: 'http://127.0.0.1:9/v1',
        secret: 'sk-of-the-test-0123456789',
      };
      return (await createConnection(deps, by, owner, input, words)).connection.id;
    },
    async auditOf(action, subjectId) {
      const rows = await database.db
        .selectFrom('audit_entries')
        .select(['outcome', 'error_code', 'actor_id'])
        .where('action', '=', action)
        .where('subject_id', subjectId === null ? 'is' : '=', subjectId)
        .orderBy('seq')
        .execute();
      return rows.map((row) => [row.outcome, row.error_code, row.actor_id]);
    },
  };
}

/** The code of a refusal, and the fields with what is wrong with each; null where nothing was refused. */
export async function refusalOf(work: Promise<unknown>): Promise<[string, ...string[]] | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const faults = Array.isArray(error.details) ? (error.details as FieldFault[]) : [];
    return [error.code, ...faults.map(({ path, code }) => `${path} ${code}`)];
  }
}

/** As the deps, but for something that happens just before the next change gets its turn: somebody else was faster. */
export function interrupted<Deps extends { database: Database }>(deps: Deps, happen: () => Promise<unknown>, times = 1): Deps {
  let left = times;
  const chain = deps.database.audit!;
  const sealed: typeof chain.sealed = async (...given) => {
    if (left > 0) {
      left -= 1;
      await happen();
    }
    return chain.sealed(...given);
  };
  return { ...deps, database: { ...deps.database, audit: { ...chain, sealed } } };
}
