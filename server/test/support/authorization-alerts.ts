/** Rows of the authorization table for alerts: a person's own are theirs alone, a workspace's its members', the installation's its administrators'. */
import { createChannel, deleteChannel } from '../../src/control/alert-channels.ts';
import { createRule, deleteRule } from '../../src/control/alert-rules.ts';
import type { Alert } from '../../src/domain/alert.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { insertAlert } from '../../src/storage/alerts.ts';
import { always, caller, gone, holderOf, house, nextName, person, random, ranks, workspaceId, type Kind, type Living, type Make, type Row, type Rule } from './authorization.ts'; // prettier-ignore

let closedId: string | undefined;
const closed = async (): Promise<string> => (closedId ??= await house.createWorkspace(nextName(), [[person('holder'), 'ADMIN']]));

/** One's own, the shared workspace's, or a closed workspace's. */
async function placeOf(kind: Kind): Promise<{ scope: 'user' | 'workspace'; workspaceId?: string }> {
  if (kind === 'workspace') return { scope: 'workspace', workspaceId };
  return kind === 'foreign' ? { scope: 'workspace', workspaceId: await closed() } : { scope: 'user' };
}

const makeRule: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  const holder = caller(holderOf(kind, subject));
  const { id } = await createRule(house.deps, holder, { ...(await placeOf(kind)), kind: 'error-rate' });
  if (kind === 'deleted') await deleteRule(house.deps, holder, id);
  return { id };
};

const makeChannel: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  const holder = caller(holderOf(kind, subject));
  const input = { kind: 'slack' as const, name: nextName(), url: 'http://127.0.0.1:9/hook' };
  const { channel } = await createChannel(house.deps, holder, { ...(await placeOf(kind)), ...input });
  if (kind === 'deleted') await deleteChannel(house.deps, holder, channel.id);
  return { id: channel.id };
};

const makeAlert: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'deleted') return null;
  const { scope, workspaceId: at } = await placeOf(kind);
  const owner: Owner = { scope, id: at ?? holderOf(kind, subject).id };
  const [id, ruleId] = [random().id, random().id];
  const nowMs = house.deps.clock.nowMs();
  const alert: Alert = {
    id, atMs: nowMs, ruleId, ruleName: null, kind: 'error-rate', severity: 'info', dedupKey: `${ruleId}:`, details: { subject: 'x', value: 30 }, owner,
    connectionId: null, acknowledgedAtMs: null, acknowledgedBy: null, note: null, notifiedAtMs: null, resolvedAtMs: null, resolvedBy: null, updatedAtMs: nowMs,
  }; // prettier-ignore
  await house.database.driver.write([insertAlert(house.database, alert)]);
  return { id };
};

const rule =
  (needed: 'READ' | 'WRITE', status = 200): Rule =>
  (subject: Living, kind: Kind) => {
    if (gone.has(kind)) return 404;
    if (kind === 'own' || subject === 'administrator') return status;
    return kind === 'workspace' && (ranks[subject] ?? 0) >= ranks[needed]! ? status : 403;
  };

const makePlace: Make = async (kind) => {
  if (kind === 'deleted') return null;
  if (kind === 'random') return { scope: 'workspace', workspaceId: random().id };
  const { scope, workspaceId: at } = await placeOf(kind);
  return { scope, ...(at === undefined ? {} : { workspaceId: at }) };
};
const administratorsAlone: Rule = (subject) => (subject === 'administrator' ? 200 : 403);
const mail = () => ({ host: 'mail.example.org', port: 587, security: 'starttls', sender: 'patchbay@example.org' });

export const alertTable: Record<string, Row> = {
  'GET /api/alerts': { rule: always(200) },
  'GET /api/alerts/count': { rule: always(200) },
  'GET /api/alerts/:id': { rule: rule('READ'), make: makeAlert },
  'POST /api/alerts/:id/acknowledge': { rule: rule('WRITE'), make: makeAlert, body: () => ({ note: 'mine' }) },
  'POST /api/alerts/:id/resolve': { rule: rule('WRITE'), make: makeAlert },
  'GET /api/alert-deliveries': { rule: rule('READ'), make: makeAlert, query: ({ id }) => `?alertId=${id ?? random().id}` },
  'GET /api/alert-rules': { rule: always(200) },
  'POST /api/alert-rules': { rule: rule('WRITE', 201), make: makePlace, body: (place) => ({ ...place, kind: 'latency' }) },
  'POST /api/alert-rules/preview': { rule: rule('WRITE'), make: makePlace, body: (place) => ({ ...place, kind: 'latency' }) },
  'GET /api/alert-rules/:id': { rule: rule('READ'), make: makeRule },
  'PATCH /api/alert-rules/:id': { rule: rule('WRITE'), make: makeRule, body: () => ({ severity: 'info' }) },
  'POST /api/alert-rules/:id/mute': { rule: rule('WRITE'), make: makeRule, body: () => ({ until: null }) },
  'DELETE /api/alert-rules/:id': { rule: rule('WRITE'), make: makeRule },
  'GET /api/alert-channels': { rule: always(200) },
  'POST /api/alert-channels': {
    rule: rule('WRITE', 201),
    make: makePlace,
    body: (place) => ({ ...place, kind: 'slack', name: nextName(), url: 'http://127.0.0.1:9/hook' }),
  },
  'GET /api/alert-channels/:id': { rule: rule('READ'), make: makeChannel },
  'PATCH /api/alert-channels/:id': { rule: rule('WRITE'), make: makeChannel, body: () => ({ name: nextName() }) },
  'DELETE /api/alert-channels/:id': { rule: rule('WRITE'), make: makeChannel },
  'POST /api/alert-channels/:id/test': { rule: rule('WRITE'), make: makeChannel },
  'GET /api/admin/mail': { rule: administratorsAlone },
  // Set before it is tried or taken away.
  'PUT /api/admin/mail': { rule: administratorsAlone, body: mail },
  'POST /api/admin/mail/test': { rule: (subject) => (subject === 'administrator' ? 404 : 403), body: () => ({ to: 'a@example.org' }) },
  'DELETE /api/admin/mail': { rule: administratorsAlone },
};
