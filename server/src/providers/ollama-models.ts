/** The models of one Ollama server, asked, fetched and deleted through the guarded way out; what its answers mean is in its folder. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { InstalledModel, PullProgress } from '../domain/local-models.ts';
import { EgressError, type Egress, type OutgoingRequest, type ResponseSink } from '../egress/egress.ts';
import { dispatchInflating } from '../egress/inflate.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { createLineReader } from '../lib/json-lines.ts';
import { headersOf } from './call.ts';
import { failureOfEgress } from './egress-faults.ts';
import { installedModelsOf, modelDetailsOf, type ModelDetails } from './ollama/local-models.ts';
import { ollama } from './ollama/protocol.ts';
import { createPullFolder } from './ollama/pull.ts';
import { pathOf } from './normalise.ts';
import type { Destination } from './protocol.ts';
import { parseJson } from './shape.ts';

const askTimeoutMs = 15_000;
/** Deleting a large model takes its disk a while. */
const deleteTimeoutMs = 120_000;
const answerBytesMax = 8 * 1024 * 1024;
/** A download speaks every fraction of a second; silent for this long, it is stuck. */
const silenceMaxMs = 300_000;
/** Nothing is fetched for longer than a day. */
const pullMaxMs = 86_400_000;
/** Lines of a day's download, and then some. */
const pullBytesMax = 512 * 1024 * 1024;
const errorBytesMax = 65_536;

export interface OllamaDeps {
  egress: Egress;
  clock: Clock;
}

/** Which server, and how it is asked. */
export interface OllamaPlace {
  to: Destination;
  origin: string;
  trust: OutgoingRequest['trust'];
  secret: string;
  customHeaders: Readonly<Record<string, string>>;
}

/** Its own endpoints lie beside the OpenAI-compatible ones, whichever address was entered (C-17). */
const pathAt = (place: OllamaPlace, path: string): string => `${pathOf(place.to.baseUrl).replace(/\/v1$/, '')}${path}`;

const requestOf = (place: OllamaPlace, method: OutgoingRequest['method'], path: string, body: unknown): OutgoingRequest => ({
  origin: place.origin,
  path: pathAt(place, path),
  method,
  headers: headersOf(place, ollama),
  body: body === null ? null : JSON.stringify(body),
  trust: place.trust,
});

const failureOf = (status: number, text: string): UpstreamFailure => {
  const { fault, message } = ollama.errorOf(status, parseJson(text) ?? text);
  return new UpstreamFailure(fault, `the provider answered ${status}`, { vendorStatus: status, vendorMessage: message });
};

/** Throws UpstreamFailure for every answer that is no success. */
async function ask(deps: OllamaDeps, request: OutgoingRequest, totalTimeoutMs = askTimeoutMs): Promise<unknown> {
  try {
    const { status, body } = await deps.egress.fetchWhole(request, { totalTimeoutMs, bodyBytesMax: answerBytesMax });
    const text = body.toString('utf8');
    if (status < 200 || status > 299) throw failureOf(status, text);
    return parseJson(text);
  } catch (error) {
    if (error instanceof EgressError) throw failureOfEgress(error);
    throw error;
  }
}

/** What is installed, and what of it is loaded. Throws UpstreamFailure. */
export async function installedAt(deps: OllamaDeps, place: OllamaPlace): Promise<InstalledModel[]> {
  const tags = await ask(deps, requestOf(place, 'GET', '/api/tags', null));
  // What runs is told for convenience: an older server has no such list.
  const running = await ask(deps, requestOf(place, 'GET', '/api/ps', null)).catch((error: unknown) => {
    if (error instanceof UpstreamFailure) return null;
    throw error;
  });
  return installedModelsOf(tags, running);
}

/** What one installed model can do. Throws UpstreamFailure. */
export const detailsAt = async (deps: OllamaDeps, place: OllamaPlace, model: string): Promise<ModelDetails> =>
  modelDetailsOf(await ask(deps, requestOf(place, 'POST', '/api/show', { model })));

/** Deletes an installed model. Throws UpstreamFailure, `model_not_found` for one that is not there. */
export async function removeAt(deps: OllamaDeps, place: OllamaPlace, model: string): Promise<void> {
  await ask(deps, requestOf(place, 'DELETE', '/api/delete', { model }), deleteTimeoutMs);
}

/**
 * Downloads a model: `onProgress` hears of every line that says something new. Resolves when the server says that it is
 * done; rejects with UpstreamFailure, `caller_gone` where the signal ended it, which the server takes for a pause: what was
 * fetched stays there, and the next download goes on from it.
 */
export function pullAt(
  deps: OllamaDeps,
  place: OllamaPlace,
  model: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress: (progress: PullProgress) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = new PullSink(deps.clock, onProgress, (failure) => (failure ? reject(failure) : resolve()));
    const exchange = dispatchInflating(deps.egress, requestOf(place, 'POST', '/api/pull', { model, stream: true }), sink, pullBytesMax);
    sink.stop = () => exchange.abort();
    const cancel = (): void => sink.end(new UpstreamFailure('caller_gone', 'the download was cancelled'));
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** Reads one download's lines, and ends once. */
class PullSink implements ResponseSink {
  stop: () => void = () => undefined;
  private readonly lines = createLineReader();
  private readonly folder = createPullFolder();
  private readonly onProgress: (progress: PullProgress) => void;
  private readonly done: (failure: UpstreamFailure | null) => void;
  private readonly clock: Clock;
  private readonly whole: Timer;
  private silence: Timer;
  private status = 0;
  private error: Buffer[] = [];
  private bytes = 0;
  private isOver = false;

  constructor(clock: Clock, onProgress: (progress: PullProgress) => void, done: (failure: UpstreamFailure | null) => void) {
    this.clock = clock;
    this.onProgress = onProgress;
    this.done = done;
    this.whole = clock.after(pullMaxMs, () => this.end(new UpstreamFailure('total_timeout', 'the download took too long')));
    this.silence = this.listen();
  }

  onHeaders(status: number): void {
    this.status = status;
  }

  onData(chunk: Buffer): void {
    if (this.isOver) return;
    this.bytes += chunk.length;
    if (this.status > 299) {
      if (this.bytes <= errorBytesMax) this.error.push(Buffer.from(chunk));
      return;
    }
    this.silence.cancel();
    this.silence = this.listen();
    try {
      for (const { data } of this.lines.push(chunk)) this.take(parseJson(data));
    } catch (cause) {
      this.end(new UpstreamFailure('too_large', 'the provider sends lines without end', { cause }));
    }
  }

  onEnd(): void {
    if (this.status > 299) return this.end(failureOf(this.status, Buffer.concat(this.error).toString('utf8')));
    for (const { data } of this.lines.end()) this.take(parseJson(data));
    this.end(this.folder.progress.isDone ? null : new UpstreamFailure('connection_lost', 'the download broke off'));
  }

  onError(error: EgressError): void {
    this.end(failureOfEgress(error));
  }

  end(failure: UpstreamFailure | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.whole.cancel();
    this.silence.cancel();
    if (failure) this.stop();
    this.done(failure);
  }

  private listen(): Timer {
    return this.clock.after(silenceMaxMs, () => this.end(new UpstreamFailure('stalled', 'the download went silent')));
  }

  private take(line: unknown): void {
    if (this.isOver) return;
    const before = this.folder.progress;
    const progress = this.folder.push(line);
    if (progress.error !== null) {
      const { fault } = ollama.errorOf(200, line);
      this.end(new UpstreamFailure(fault, 'the provider could not fetch the model', { vendorStatus: 200, vendorMessage: progress.error }));
    } else if (progress !== before) this.onProgress(progress);
  }
}
