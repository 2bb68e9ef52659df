/** Keeps the audit log: begins its chain, says where it stands so that a cut tail shows, and lets go what is old, behind an anchor. */
import { anchorText, type ChainPlace } from '../domain/audit-chain.ts';
import { createAuditChain, readHead } from '../storage/audit-chain.ts';
import { deleteCovered, insertAnchor, listAnchors, oldUpTo, openHead, type Anchor } from '../storage/audit-anchors.ts';
import type { AuditEntry } from '../domain/audit.ts';
import { writeAudit } from '../storage/changes.ts';
import { StaleWrite } from '../storage/errors.ts';
import type { AuditSeal } from '../vault/audit-seal.ts';
import { loadAuditSeal, type AuditKeyDeps } from './audit-key.ts';
import { digestPrefix } from './audit-verify.ts';

/** Somebody may write while the beginning is sealed; then it is sealed again. */
const opensMax = 8;
/** Chunks of one round of retention; what is left is for the next. */
const chunksMax = 2_000;

/** What went out of the house: enough to prove later that the end of the log is missing. */
export interface AnchorNote extends ChainPlace {
  atMs: number;
  entries: number;
  mac: string;
}

export interface AuditKeeper {
  /** Where this process last saw the head, for the verifier: no change of the database can take it back. */
  seen(): ChainPlace | null;
  /** Writes down where the chain stands now, and says it. */
  anchor(kind: 'hourly' | 'shutdown'): Promise<AnchorNote>;
  /** Lets go whole prefixes of entries from before a moment. Answers how many went. */
  forget(beforeMs: number, stop?: () => boolean): Promise<number>;
}

/** Opens the chain: from now on each entry of this process is linked to the one before it. @throws SecretUnreadable, StorageUnavailable */
export async function openAudit(deps: AuditKeyDeps): Promise<AuditKeeper> {
  const { database, clock, log } = deps;
  const seal = await loadAuditSeal(deps);
  const head = await begin(deps, seal);
  database.audit = createAuditChain({ clock, link: seal.link });
  const anchors = await signedAnchors(deps, seal);
  const furthest = anchors.reduce((most, { seq }) => Math.max(most, seq), 0);
  if (furthest > head.seq)
    log.error({ anchorSeq: furthest, headSeq: head.seq }, 'the audit log is shorter than its last anchor says: its end was cut off');
  return {
    seen: () => database.audit?.seen() ?? null,
    anchor: (kind) => anchorHead(deps, seal, kind),
    forget: (beforeMs, stop = () => false) => forgetOld(deps, seal, beforeMs, stop),
  };
}

async function signedAnchors({ database }: AuditKeyDeps, seal: AuditSeal): Promise<Anchor[]> {
  return (await listAnchors(database)).filter((anchor) => seal.mac(anchorText(anchor)) === anchor.mac);
}

const signed = (seal: AuditSeal, anchor: Omit<Anchor, 'mac'>): Anchor => ({ ...anchor, mac: seal.mac(anchorText(anchor)) });

/** The first anchor seals what is there, as it is: nobody can say what it was before. */
async function begin(deps: AuditKeyDeps, seal: AuditSeal): Promise<ChainPlace> {
  const { database, clock, ids, log } = deps;
  for (let tries = 1; ; tries++) {
    const head = await readHead(database.driver);
    const isBegun = head.openedAtMs !== null && (await signedAnchors(deps, seal)).some(({ kind }) => kind === 'opened');
    if (isBegun) return head;
    const prefix = await digestPrefix(database, seal, head.seq);
    const atMs = clock.nowMs();
    const anchor = signed(seal, { kind: 'opened', atMs, seq: head.seq, hash: prefix.hash, entries: prefix.count });
    try {
      await database.driver.write([
        insertAnchor(database, ids.uuid(), anchor),
        openHead(head, { hash: prefix.hash, unlinked: prefix.unlinked }, atMs),
      ]);
      log.info({ entries: prefix.count }, 'the chain of the audit log begins');
      return { seq: head.seq, hash: prefix.hash };
    } catch (error) {
      if (!(error instanceof StaleWrite) || tries >= opensMax) throw error;
    }
  }
}

async function anchorHead({ database, clock, ids, log }: AuditKeyDeps, seal: AuditSeal, kind: 'hourly' | 'shutdown'): Promise<AnchorNote> {
  const head = await readHead(database.driver);
  const anchor = signed(seal, { kind, atMs: clock.nowMs(), seq: head.seq, hash: head.hash, entries: head.seq });
  await database.driver.write([insertAnchor(database, ids.uuid(), anchor)]);
  const { atMs, seq, hash, entries, mac } = anchor;
  log.info({ auditAnchor: `${seq}:${hash}`, seq, hash, mac, atMs }, 'the audit log stands here');
  return { atMs, seq, hash, entries, mac };
}

async function forgetOld(deps: AuditKeyDeps, seal: AuditSeal, beforeMs: number, stop: () => boolean): Promise<number> {
  const { database, clock, ids } = deps;
  const old = await oldUpTo(database, beforeMs);
  const before = (await signedAnchors(deps, seal)).findLast(({ kind }) => kind === 'retention');
  if (old && old.seq > (before?.seq ?? 0)) {
    const atMs = clock.nowMs();
    await database.driver.write([insertAnchor(database, ids.uuid(), signed(seal, { kind: 'retention', atMs, ...old }))]);
    await writeAudit(database, retentionEntry(ids.uuid(), atMs, old));
  }
  const seq = Math.max(old?.seq ?? 0, before?.seq ?? 0);
  if (seq === 0) return 0;
  let gone = 0;
  // An anchor says that they go; a round that was interrupted is finished by the next.
  for (let chunks = 0; chunks < chunksMax && !stop(); chunks++) {
    const deleted = await deleteCovered(database, seq);
    gone += deleted;
    if (deleted === 0) break;
  }
  return gone;
}

const retentionEntry = (id: string, atMs: number, old: { seq: number; entries: number }): AuditEntry => ({
  id,
  atMs,
  actor: null,
  action: 'audit.retention',
  subjectType: 'audit',
  subjectId: null,
  subjectName: null,
  owner: null,
  outcome: 'success',
  errorCode: null,
  changes: { entries: { before: old.entries }, untilSeq: { after: old.seq } },
  origin: null,
});
