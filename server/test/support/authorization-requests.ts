/** Rows of the authorization table for requests one by one, their contents, and how long rows are kept. */
import {
  always,
  gone,
  holderOf,
  house,
  makeWorkspace,
  person,
  random,
  workspaceId,
  workspaceRule,
  type Make,
  type Row,
  type Rule,
} from './authorization.ts';
import { intentOf, settlementOf } from '../storage/ledger-records.ts';
import { insertCaptured } from '../../src/storage/captured-bodies.ts';
import { placeOfCaptured } from '../../src/domain/sealing.ts';
import { changeCapture } from '../../src/control/capture.ts';
import { startExport } from '../../src/control/exports.ts';
import { listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { newDataKey } from '../../src/vault/envelope.ts';
import { caller } from './authorization.ts';
import { until } from './wait.ts';

/** A request of the caller's own, one of a colleague's in the shared workspace, or one of somebody else's own. */
const makeRequest: Make = async (kind, subject) => {
  if (kind === 'random' || kind === 'deleted') return { requestId: random().id };
  const intent = intentOf({ userId: holderOf(kind, subject).id, workspaceId: kind === 'workspace' ? workspaceId : null, atMs: house.deps.clock.nowMs() });
  house.deps.journal.append(intent);
  house.deps.journal.append(settlementOf(intent));
  return { requestId: intent.requestId };
}; // prettier-ignore

/** Contents of such a request; those of a request of one's own are kept in the shared workspace, too. */
const makeContent: Make = async (kind, subject) => {
  if (kind === 'random' || kind === 'deleted') return { requestId: random().id };
  const owner = { scope: 'workspace' as const, id: kind === 'foreign' ? await closed() : workspaceId };
  await changeCapture(house.deps, caller(person('administrator')), owner.id, { isOn: true, keptDays: 7 });
  const key = (await listOwnerKeys(house.database, owner)).findLast(({ isActive }) => isActive)!;
  const requestId = random().id;
  const atMs = house.deps.clock.nowMs();
  await insertCaptured(house.database, [
    {
      requestId,
      atMs,
      expiresAtMs: atMs + 60_000,
      workspaceId: owner.id,
      userId: holderOf(kind, subject).id,
      dataKeySealed: house.deps.vault.seal(newDataKey(house.deps.ids), placeOfCaptured(requestId, owner.id), key),
      factsJson: '{"request":null,"answer":null}',
      request: null,
      answer: null,
    },
  ]);
  return { requestId };
};

let closedId: string | undefined;
const closed = async (): Promise<string> => (closedId ??= await house.createWorkspace('Closed to all', [[person('holder'), 'ADMIN']]));

/** One's own, the workspace's for its ADMIN, and everything for administrators of the installation. */
const rule: Rule = (subject, kind) => {
  if (gone.has(kind)) return 404;
  if (kind === 'own' || subject === 'administrator') return 200;
  return kind === 'workspace' && subject === 'ADMIN' ? 200 : 404;
};
const administratorsAlone: Rule = (subject) => (subject === 'administrator' ? 200 : 403);
const forgetRule: Rule = (subject, kind) => {
  const status = workspaceRule('ADMIN')(subject, kind);
  return status === 200 ? 204 : status;
};

/** One's own, and everybody's for administrators. */
const fileRule =
  (status: number): Rule =>
  (subject, kind) =>
    kind !== 'random' && (kind === 'own' || subject === 'administrator') ? status : 404;
/** A file that is written to its end. */
const makeExport: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind !== 'own' && kind !== 'foreign') return null;
  const asked = { of: 'requests', format: 'csv', filter: { search: 'none such' } } as const;
  const id = await startExport(house.deps, caller(holderOf(kind, subject)), asked);
  const stateOf = house.database.db.selectFrom('tasks').select('state').where('id', '=', id);
  await until(async () => (await stateOf.executeTakeFirst())?.state === 'done', 'the file is written');
  return { id };
};

export const requestTable: Record<string, Row> = {
  'GET /api/requests': { rule: always(200) },
  'GET /api/requests/histogram': { rule: always(200) },
  'GET /api/requests/export': { rule: always(200) },
  'POST /api/exports': { rule: always(202), body: () => ({ requests: {} }) },
  'GET /api/exports/:id/file': { rule: fileRule(200), make: makeExport },
  'DELETE /api/exports/:id/file': { rule: fileRule(204), make: makeExport },
  'GET /api/requests/:requestId': { rule, make: makeRequest },
  'GET /api/requests/:requestId/content': { rule, make: makeContent },
  'GET /api/workspaces/:id/capture': { rule: workspaceRule('READ'), make: makeWorkspace },
  'PUT /api/workspaces/:id/capture': { rule: workspaceRule('ADMIN'), make: makeWorkspace, body: () => ({ isOn: true, keptDays: 3 }) },
  'DELETE /api/workspaces/:id/capture/contents': { rule: forgetRule, make: makeWorkspace },
  'GET /api/admin/settings/retention': { rule: administratorsAlone },
  'PATCH /api/admin/settings/retention': { rule: administratorsAlone, body: () => ({ days: { tasks: 20 } }) },
};
