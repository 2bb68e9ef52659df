/** Opens the audit log: its chain, its hourly anchor in the log and, where the operator wants it, at an address of theirs. */
import { openAudit, type AnchorNote } from '../control/audit-keep.ts';
import type { RetentionDays } from '../domain/retention.ts';
import type { EgressPolicy } from '../egress/allow.ts';
import { createEgress } from '../egress/egress.ts';
import { checkTargetUrl } from '../egress/url.ts';
import { keepAudit } from '../jobs/keep-audit.ts';
import { isoOf } from '../lib/iso-time.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import { databaseNowMs } from '../storage/database-clock.ts';
import type { Database } from '../storage/database.ts';
import type { Vault } from '../vault/vault.ts';
import type { Opened } from './books.ts';
import { StartRefused } from './start-refused.ts';

interface AuditParts {
  database: Database;
  vault: Vault;
  policy: EgressPolicy;
  webhookUrl: Secret | null;
  retentionDays: RetentionDays;
  clock: Clock;
  ids: Ids;
  log: Log;
}

const tellTimeoutMs = 5_000;
const answerBytesMax = 65_536;

/** From here on every audit entry is a link of the chain. Closed last of all that writes entries, with a last anchor. */
export async function openAuditLog(parts: AuditParts, opened: Opened): Promise<void> {
  const keeper = await openAudit(parts);
  const { tell, close } = teller(parts);
  const job = keepAudit({ ...parts, otherNowMs: () => databaseNowMs(parts.database.driver), keeper, tell });
  opened.push(async () => {
    await job.close();
    close();
  });
}

function teller({ policy, webhookUrl, clock }: AuditParts): { tell: ((note: AnchorNote) => Promise<void>) | null; close: () => void } {
  if (webhookUrl === null) return { tell: null, close: () => undefined };
  const { url, origin } = targetOf(webhookUrl, policy);
  const egress = createEgress({ policy, clock });
  const tell = async ({ atMs, ...note }: AnchorNote): Promise<void> => {
    const body = JSON.stringify({ type: 'patchbay.audit.anchor', at: isoOf(atMs), ...note });
    const { status } = await egress.fetchWhole(
      {
        origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
        body,
        trust: 'administrator',
      },
      { totalTimeoutMs: tellTimeoutMs, bodyBytesMax: answerBytesMax },
    );
    if (status >= 300) throw new Error(`the address for anchors of the audit log answers ${status}`);
  };
  return { tell, close: () => egress.destroy() };
}

function targetOf(webhookUrl: Secret, policy: EgressPolicy): { url: URL; origin: string } {
  try {
    return checkTargetUrl(webhookUrl.reveal(), policy);
  } catch (cause) {
    throw new StartRefused('PATCHBAY_AUDIT_WEBHOOK_URL names an address that Patchbay may not reach', { cause });
  }
}
