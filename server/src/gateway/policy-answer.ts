/** Holds the answer of one attempt against the policies that read answers: nothing leaves before the sentence it stands in was judged. */
import { decodeJson } from '../domain/policy-json.ts';
import { allowsTool, toolFact } from '../domain/policy-request.ts';
import { editsByPart, findInParts, partOf } from '../domain/policy-parts.ts';
import { edited, editsOf, findIn, finished, readsTexts, together, type Edit, type Finding } from '../domain/policy-rules.ts';
import { JudgedText } from '../domain/policy-stream.ts';
import type { Policy, ViolationFact } from '../domain/policy.ts';
import type { UpstreamFailure } from '../domain/errors.ts';
import { createSseReader, writeSse, type SseEvent } from '../lib/sse.ts';
import { isRecord, parseAnswer, type Json } from '../providers/shape.ts';
import { namedEvent } from '../providers/writer.ts';
import { answerBlocked, FoundFacts } from './policy-facts.ts';
import { calledTools, dropLikelihoods, isWord, readEvent, type Delta } from './policy-events.ts';
import { put, textsOfAnswer, unitsOf, type Spot } from './policy-texts.ts';

/** So much may wait to be judged; then what has come is judged as it is. */
const heldCharsMax = 262_144;
/** A text that nothing was added to, while others of the answer got so much longer, is not waited for. */
const idleChars = 256;
/** So many events that say nothing yet wait for the first words: an answer that is blocked in them has not begun, and is refused as such. */
const openersMax = 8;
/** What a judge is told of an answer; a longer one cannot be judged. */
const saidCharsMax = 200_000;

export type Judge = (policy: Policy, text: string) => Promise<ViolationFact[]>;

interface Segment {
  text: JudgedText;
  start: number;
  end: number;
  spot: Delta;
}

/** One event that waits. */
interface Held {
  event: SseEvent;
  body: Json | null;
  segments: Segment[];
  isEdited: boolean;
  repeats: Repeat[];
  /** It brings something, and does not only announce it. */
  isWord: boolean;
}

/** A text that says a part of another once more: whether that part is covered for what lies beside it is known when this one leaves. */
interface Repeat {
  spot: Spot;
  said: string;
  edits: readonly Edit[];
  of: Strand;
  part: number;
}

interface Strand {
  text: JudgedText;
  idle: number;
  /** The part that it is in. */
  part: string;
  isPartEnded: boolean;
}

export class AnswerGuard {
  readonly facts = new FoundFacts();
  private readonly policies: readonly Policy[];
  private readonly texts: readonly Policy[];
  private readonly judges: readonly Policy[];
  private readonly withTools: readonly Policy[];
  private readonly judge: Judge;
  private readonly reader = createSseReader();
  private readonly strands = new Map<string, Strand>();
  private readonly parts = new Map<string, { of: Strand; part: number }>();
  private held: Held[] = [];
  private heldChars = 0;
  private said = '';
  private isOver = false;
  private hasBegun = false;

  constructor(policies: readonly Policy[], judge: Judge) {
    this.policies = policies;
    this.texts = policies.filter(readsTexts);
    this.judges = policies.filter((policy) => policy.judge !== null);
    this.withTools = policies.filter(({ rules }) => (rules.tools?.length ?? 0) > 0);
    this.judge = judge;
  }

  /** Why the answer must not go on; null while it may. */
  blocked(): UpstreamFailure | null {
    return this.facts.blockedBy === null ? null : answerBlocked(this.facts.blockedBy);
  }

  /** Whether anything is covered in answers, so that what a face keeps of them must be covered too. */
  covers(): boolean {
    return this.policies.some(({ action }) => action === 'redact');
  }

  /** Takes events as they are written for the caller; gives back those that were judged, in their order. */
  push(piece: Buffer | string): string {
    if (this.isOver) return '';
    for (const event of this.reader.push(typeof piece === 'string' ? Buffer.from(piece) : piece)) this.take(event);
    if (this.heldChars > heldCharsMax) for (const strand of this.strands.values()) this.learn(strand.text.end());
    return this.release();
  }

  /** The stream has ended: what waits is judged as it is. Answers with what may still be said. */
  async end(): Promise<string> {
    this.endTexts();
    await this.askJudges();
    return this.release(true);
  }

  /** TRUE where `endNow` says all there is to say. */
  isQuick(): boolean {
    return this.judges.length === 0;
  }

  endNow(): string {
    this.endTexts();
    return this.release(true);
  }

  /** A whole answer with its texts covered, in the bytes it came in where nothing was. */
  whole(body: Buffer | string, isText: boolean): Buffer | string {
    const text = body.toString();
    if (isText) return this.covered(text, false) ?? body;
    const parsed = parseAnswer(text);
    if (parsed === undefined || parsed === null) return body;
    return this.cover(parsed) ? JSON.stringify(parsed) : body;
  }

  /** Asks the judges about all that was said. */
  async askJudges(): Promise<void> {
    if (this.judges.length === 0 || this.facts.blockedBy !== null) return;
    for (const policy of this.judges) this.facts.add(policy, await this.judge(policy, this.said));
  }

  /** Covers the texts of a body in place; TRUE where something was. Notes what is found. */
  private cover(body: unknown): boolean {
    this.readTools(body);
    return this.coverAll([...textsOfAnswer(body)], body);
  }

  /** As `whole`, for what a face keeps: nothing is noted, it was found before. */
  coverKept(body: unknown): unknown {
    const quiet = new AnswerGuard(this.policies, this.judge);
    quiet.cover(body);
    return body;
  }

  private take(event: SseEvent): void {
    const parsed = parseAnswer(event.data);
    const held: Held = { event, body: isRecord(parsed) ? parsed : null, segments: [], isEdited: false, repeats: [], isWord: false };
    this.held.push(held);
    this.heldChars += event.data.length;
    if (held.body === null) {
      const covered = this.covered(event.data, false);
      if (covered !== null) held.event = { ...event, data: covered };
      return;
    }
    this.readTools(held.body);
    const read = readEvent(held.body);
    const { deltas, wholes, ends, endedPart, repeats } = read;
    held.isWord = isWord(held.body, read);
    for (const spot of deltas) held.segments.push(this.goOn(spot));
    held.isEdited = this.coverAll(wholes, null, (spot, edits) => {
      const part = this.parts.get(repeats?.get(spot.holder) ?? '');
      if (part && spot.key === 'text') held.repeats.push({ ...part, spot, said: spot.text, edits });
    });
    for (const base of ends) this.endStrands(base);
    const ended = endedPart === undefined ? undefined : this.parts.get(endedPart)?.of;
    if (ended && ended.part === endedPart) ended.isPartEnded = true;
  }

  private endStrands(base: string): void {
    for (const [name, { text }] of this.strands) if (name.startsWith(base)) this.learn(text.end());
  }

  /** The text that goes on here: that of the part before too, once it has ended, whatever was called or thought between them. Parts that come one into another are texts of their own. */
  private strandOf({ strand: name, part = '', isJson }: Delta): Strand {
    const open = this.strands.get(name);
    if (open?.part === part) return open;
    const apart = this.strands.get(`${name}${part}`);
    if (apart) return apart;
    if (open?.isPartEnded) {
      Object.assign(open, { part, isPartEnded: false });
      this.parts.set(part, { of: open, part: open.text.begin() });
      return open;
    }
    const begun: Strand = { text: new JudgedText(this.texts, isJson), idle: 0, part, isPartEnded: false };
    this.strands.set(open ? `${name}${part}` : name, begun);
    if (part !== '') this.parts.set(part, { of: begun, part: 0 });
    return begun;
  }

  private goOn(spot: Delta): Segment {
    const strand = this.strandOf(spot);
    strand.idle = 0;
    for (const other of this.strands.values()) {
      if (other === strand || other.text.judgedTo === other.text.length) continue;
      other.idle += spot.text.length;
      if (other.idle > idleChars) this.learn(other.text.end());
    }
    const start = strand.text.length;
    this.note(spot.text);
    this.learn(strand.text.push(spot.text));
    return { text: strand.text, start, end: start + spot.text.length, spot };
  }

  private learn(found: { text: string; findings: Finding[] } | null): void {
    if (found !== null) this.facts.addFindings(found.text, found.findings);
  }

  private note(text: string): void {
    if (this.judges.length > 0 && this.said.length <= saidCharsMax) this.said += text;
  }

  private readTools(body: unknown): void {
    if (this.withTools.length === 0) return;
    for (const name of calledTools(body))
      for (const policy of this.withTools) if (!allowsTool(policy.rules, name)) this.facts.add(policy, [toolFact(name)]);
  }

  private coverAll(spots: readonly Spot[], root: unknown, seen?: (spot: Spot, edits: readonly Edit[]) => void): boolean {
    let isEdited = false;
    for (const unit of unitsOf(spots)) {
      if (root !== null) for (const { text } of unit) this.note(`${text}\n`);
      const byPart = this.editsIn(
        unit.map(({ text }) => text),
        unit[0]!.isJson,
      );
      for (const [at, spot] of unit.entries()) {
        const edits = byPart[at] ?? [];
        seen?.(spot, edits);
        if (edits.length === 0) continue;
        put(spot, edited(spot.text, edits));
        isEdited = true;
      }
    }
    if (isEdited && root !== null) dropLikelihoods(root);
    return isEdited;
  }

  /** A text that stands whole, covered; null where nothing is. */
  private covered(text: string, isJson: boolean): string | null {
    const edits = this.editsIn([text], isJson)[0] ?? [];
    return edits.length === 0 ? null : edited(text, edits);
  }

  /** What is to be covered in a text that stands whole, by its parts. Notes what is found. */
  private editsIn(parts: readonly string[], isJson: boolean): Edit[][] {
    if (this.texts.length === 0) return [];
    const decoded = isJson ? decodeJson(parts[0]!, false) : null;
    const meant = decoded?.text ?? parts.join('');
    const findings = finished(parts.length === 1 ? findIn(this.texts, meant) : findInParts(this.texts, parts));
    if (findings.length === 0) return [];
    this.facts.addFindings(meant, findings);
    const edits = editsOf(findings);
    if (decoded === null) return editsByPart(parts, edits);
    return [edits.flatMap(({ start, end, mask }) => decoded.coverings(decoded.places![start]!, decoded.places![end]!, mask))];
  }

  private endTexts(): void {
    for (const event of this.reader.end()) this.take(event);
    for (const { text } of this.strands.values()) this.learn(text.end());
  }

  /** The events before the first that is not judged. Where a judge reads the whole answer, nothing leaves before its end. */
  private release(isEnd = false): string {
    if (this.facts.blockedBy !== null) {
      this.isOver = true;
      this.held = [];
      return '';
    }
    if (this.judges.length > 0 && !isEnd) return '';
    const unjudged = this.held.findIndex(({ segments }) => segments.some(({ text, end }) => end > text.judgedTo));
    const count = unjudged < 0 ? this.held.length : unjudged;
    this.hasBegun ||= isEnd || count > openersMax || this.held.some(({ isWord }, at) => at < count && isWord);
    if (!this.hasBegun) return '';
    return this.held.splice(0, count).map((held) => this.write(held)).join(''); // prettier-ignore
  }

  private write({ event, body, segments, isEdited, repeats }: Held): string {
    this.heldChars -= event.data.length;
    let isChanged = isEdited;
    for (const { spot, said, edits, of, part } of repeats) {
      const across = of.text.acrossIn(part, said);
      if (across.length === 0) continue;
      put(spot, edited(said, together(across, edits)));
      isChanged = true;
    }
    for (const { text, start, end, spot } of segments) {
      const own = text.edits.filter((edit) => edit.start < end && edit.end > start);
      if (own.length > 0) {
        put(
          spot,
          edited(
            spot.text,
            own.map((edit) => partOf(edit, start, end)),
          ),
        );
        isChanged = true;
      }
      text.forget(end);
    }
    if (isChanged) dropLikelihoods(body);
    const data = isChanged ? JSON.stringify(body) : event.data;
    return event.event === 'message' ? writeSse(data.replaceAll('\n', '\ndata: ')) : namedEvent(event.event, data);
  }
}
