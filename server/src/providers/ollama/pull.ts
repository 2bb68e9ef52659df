/** The progress of a model's download, folded from Ollama's lines: every layer that is known counts, and it never goes back. */
import type { PullProgress } from '../../domain/local-models.ts';
import { finite, isRecord, member, text } from '../shape.ts';

/** A model has a dozen layers; more than this is no model, and would fill the memory. */
const layersMax = 512;
/** A terabyte and more in one layer; all layers together still add up exactly. */
const layerBytesMax = 2 ** 43;
const phaseCharsMax = 200;

export interface PullFolder {
  readonly progress: PullProgress;
  /** Takes one line of the stream; lines that say nothing change nothing. */
  push(line: unknown): PullProgress;
}

/**
 * Folds the lines of one download (`POST /api/pull`). Layers become known one after the other, so that the whole grows while it
 * is fetched: the percentage waits then until the bytes have caught up, rather than jump back.
 */
export function createPullFolder(): PullFolder {
  const layers = new Map<string, { total: number; completed: number }>();
  let progress: PullProgress = { phase: '', totalBytes: 0, completedBytes: 0, percent: 0, isDone: false, error: null };

  const learn = (line: unknown): void => {
    const digest = text(member(line, 'digest'));
    const total = finite(member(line, 'total'));
    // What is no number of bytes would make the sums none, and no database takes such a progress.
    if (digest === undefined || total === undefined || !(total >= 0 && total <= layerBytesMax)) return;
    const known = layers.get(digest);
    if (!known && layers.size >= layersMax) return;
    const completed = Math.min(total, Math.max(0, finite(member(line, 'completed')) ?? 0));
    layers.set(digest, { total: Math.max(total, known?.total ?? 0), completed: Math.max(completed, known?.completed ?? 0) });
  };

  return {
    get progress() {
      return progress;
    },
    push(line) {
      if (!isRecord(line) || progress.isDone || progress.error !== null) return progress;
      const error = text(line['error']);
      if (error !== undefined) return (progress = { ...progress, error: error.slice(0, phaseCharsMax) });
      learn(line);
      const phase = (text(line['status']) ?? progress.phase).slice(0, phaseCharsMax);
      const sums = [...layers.values()].reduce(
        (sum, layer) => ({ total: sum.total + layer.total, completed: sum.completed + layer.completed }),
        {
          total: 0,
          completed: 0,
        },
      );
      const isDone = phase === 'success';
      // Whole percent of what is known; the last one is kept for the server's own word.
      const reached = sums.total === 0 ? 0 : Math.min(99, Math.floor((sums.completed / sums.total) * 100));
      return (progress = {
        phase,
        totalBytes: sums.total,
        completedBytes: sums.completed,
        percent: isDone ? 100 : Math.max(progress.percent, reached),
        isDone,
        error: null,
      });
    },
  };
}
