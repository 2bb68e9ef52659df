/** The line to the server's events: opened, kept, and opened again. It runs in the shared worker, or in the page where there is none. */
import { beatName, houseEventNames, type HouseEventName } from '@patchbay/contract/event-names';

/** What the line says to the pages. */
export type LineWord =
  | { kind: 'event'; name: HouseEventName; data: unknown }
  /** `isGap`: what was missed is unknown, so everything may be old. */
  | { kind: 'open'; isGap: boolean }
  /** The stream broke, or the server does not want it; it is tried again. */
  | { kind: 'lost' };

/** What a page asks of the line. */
export type LineWish =
  /** `after`: id of the newest event that the page's data knows of. */
  { kind: 'open'; url: string; userId: string; after: string } | { kind: 'close' } | { kind: 'retry' };

interface Heard {
  id: string;
  word: LineWord;
}

/** Events kept for a page that comes later; one that knows of older ones alone reloads. */
const heardMax = 100;

/** The number of an event within its run of the server: `<run>.<number>`. */
const numberOf = (id: string): number => Number(id.slice(id.lastIndexOf('.') + 1));
const runOf = (id: string): string => id.slice(0, id.lastIndexOf('.'));

/** The server says something at least every fifteen seconds; a line that is silent for longer is dead, whatever the browser thinks. */
const silenceMsMax = 40_000;
const backOffMsMin = 1_000;
const backOffMsMax = 30_000;

export class Line {
  readonly #say: (word: LineWord) => void;
  #source: EventSource | null = null;
  #place: { url: string; userId: string } | null = null;
  #state: 'closed' | 'open' | 'lost' = 'closed';
  #failures = 0;
  /** Everything that this person may hear and that came after `#since` is in `#heard`. */
  #since = '';
  #heard: Heard[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (word: LineWord) => void) {
    this.#say = say;
  }

  wish(wish: LineWish): void {
    if (wish.kind === 'close') this.#close();
    else if (wish.kind === 'retry') {
      if (this.#place !== null && this.#state === 'lost') this.#open();
    } else if (this.#place?.userId !== wish.userId || this.#place.url !== wish.url) {
      this.#place = { url: wish.url, userId: wish.userId };
      this.#since = wish.after;
      this.#heard = [];
      this.#open();
    } else if (this.#state === 'open') this.#join(wish.after);
    else if (this.#state === 'lost') this.#say({ kind: 'lost' });
  }

  #open(): void {
    this.#stop();
    if (this.#place === null) return;
    const last = this.#heard.at(-1)?.id ?? this.#since;
    const source = new EventSource(`${this.#place.url}?after=${encodeURIComponent(last)}`);
    this.#source = source;
    this.#alive();
    source.addEventListener(beatName, () => this.#alive());
    for (const name of houseEventNames)
      source.addEventListener(name, (message: MessageEvent<string>) => {
        this.#alive();
        if (name === 'hello' || name === 'resync') return this.#opened(name === 'resync', message.lastEventId);
        const word: LineWord = { kind: 'event', name, data: JSON.parse(message.data) as unknown };
        this.#keep({ id: message.lastEventId, word });
        this.#say(word);
      });
    source.addEventListener('error', () => {
      // A broken line is opened again by the browser, with the last id; a refusal is final for it and not for us.
      if (source.readyState === EventSource.CLOSED) this.#again();
      else this.#lose();
    });
  }

  /** A page that comes to an open line is told what came since it read its data; the other pages hear it twice, which harms nothing. */
  #join(after: string): void {
    const isKnown = runOf(after) === runOf(this.#since) && numberOf(after) >= numberOf(this.#since);
    this.#say({ kind: 'open', isGap: !isKnown });
    if (isKnown) for (const { id, word } of this.#heard) if (numberOf(id) > numberOf(after)) this.#say(word);
  }

  #keep(heard: Heard): void {
    this.#heard.push(heard);
    if (this.#heard.length > heardMax) this.#since = this.#heard.shift()!.id;
  }

  #opened(isGap: boolean, id: string): void {
    this.#failures = 0;
    if (isGap) {
      this.#since = id;
      this.#heard = [];
    }
    this.#state = 'open';
    this.#say({ kind: 'open', isGap });
  }

  #alive(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#again(), silenceMsMax);
  }

  #lose(): void {
    if (this.#state === 'lost') return;
    this.#state = 'lost';
    this.#say({ kind: 'lost' });
  }

  #again(): void {
    this.#stop();
    this.#lose();
    // Not all pages of a house at the same moment.
    const waitMs = Math.min(backOffMsMax, backOffMsMin * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#open(), waitMs);
  }

  #stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = null;
  }

  #close(): void {
    this.#stop();
    this.#place = null;
    this.#heard = [];
    this.#state = 'closed';
  }
}
