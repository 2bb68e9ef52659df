/** Reads every line that the instances print: an error that nobody expects, and a secret in any line, are faults. */

/** pino's number of `error`; `fatal` is above. */
const errorLevel = 50;
const warnLevel = 40;

/** Errors that instances of a killed fleet may tell of, by their words, and why. */
export const expectedErrors: readonly (readonly [message: string, why: string])[] = [];

export interface Listener {
  /** Hears what the instance of this number prints. */
  of(index: number): (part: string) => void;
  /** A text that must be in no line. */
  keepOut(secret: string): void;
  /** Faults so far, and how often which warning was told. */
  heard(): { faults: string[]; warnings: ReadonlyMap<string, number> };
}

interface Line {
  level?: number;
  msg?: string;
}

/** The part of a secret that must be nowhere; its beginning says its kind, and is told. */
const telling = (secret: string): string => secret.slice(-24);

export function createListener(): Listener {
  const lines: { index: number; text: string }[] = [];
  const secrets = new Set<string>();
  return {
    of(index) {
      let begun = '';
      return (part) => {
        const [...whole] = (begun + part).split('\n');
        begun = whole.pop()!;
        for (const text of whole) lines.push({ index, text });
      };
    },
    keepOut: (secret) => void secrets.add(telling(secret)),
    heard() {
      const faults: string[] = [];
      const warnings = new Map<string, number>();
      for (const { index, text } of lines) {
        for (const secret of secrets) if (text.includes(secret)) faults.push(`instance ${index} told a secret: ${text.slice(0, 300)}`);
        const { level = 0, msg = '' } = parsed(text);
        if (level >= errorLevel && !expectedErrors.some(([message]) => message === msg))
          faults.push(`instance ${index} told an error: ${text.slice(0, 2_000)}`);
        else if (level >= warnLevel) warnings.set(msg, (warnings.get(msg) ?? 0) + 1);
      }
      return { faults, warnings };
    },
  };
}

function parsed(text: string): Line {
  // What is no line of the log was printed by the runtime: a warning of it, or the trace of a crash.
  if (!text.startsWith('{')) return /(?:Error|Warning)\b/.test(text) ? { level: errorLevel, msg: text } : {};
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}
