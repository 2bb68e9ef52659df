/** Models that live on a machine of one's own: what is installed there, and what is being fetched. */
import type { ProbeCaller, ProbeTarget } from './probe.ts';

export interface InstalledModel {
  /** Name with its tag, `llama3.2:latest`. */
  id: string;
  sizeBytes: number | null;
  /** Epoch milliseconds. */
  modifiedAtMs: number | null;
  digest: string | null;
  family: string | null;
  /** `3.2B`. */
  parameterSize: string | null;
  /** `Q4_K_M`. */
  quantization: string | null;
  isLoaded: boolean;
  /** Bytes in the memory of the graphics card; null where it is not loaded. */
  loadedBytes: number | null;
}

export interface PullProgress {
  /** What the server is doing, in its own words: `pulling manifest`, `verifying sha256 digest`. */
  phase: string;
  /** Bytes of all layers that are known so far. */
  totalBytes: number;
  completedBytes: number;
  /** 0 to 100, whole; 100 only when the server has said `success`. Never smaller than before. */
  percent: number;
  isDone: boolean;
  /** The server's own words for what went wrong; null while nothing has. */
  error: string | null;
}

/** Calls to such a machine, which only the gateway makes. Each throws UpstreamFailure for what the machine does. */
export interface LocalModels {
  installed(target: ProbeTarget, caller: ProbeCaller): Promise<InstalledModel[]>;
  pull(
    target: ProbeTarget,
    caller: ProbeCaller,
    model: string,
    options: { signal: AbortSignal; onProgress: (progress: PullProgress) => void },
  ): Promise<void>;
  remove(target: ProbeTarget, caller: ProbeCaller, model: string): Promise<void>;
}
