/** What the house says to its operator: one JSON line per event, scrubbed of everything that looks like a secret. */
import { pino, stdTimeFunctions, type Logger } from 'pino';

export type Log = Logger;

/** Shapes of secrets in free text: bearer values, vendor key prefixes, our own keys, keys in query strings. */
const secretShapes =
  /(Bearer\s+|Basic\s+|[?&](?:key|api[-_]?key|token)=|"(?:authorization|x-api-key|api-key|x-goog-api-key|cookie|password|secret|apiKey)"\s*:\s*"(?:(?:Bearer|Basic)\s+)?)[^\s"'&,}]{4,}|\b(?:sk|pk|rk|pat|xai|gsk|AIza|r8|hf|nvapi)[-_A-Za-z0-9]{12,}/g;

/** Replaces every secret-shaped part of a text. A deny list is the last net only: secrets are kept out by type. */
export const scrub = (text: string): string => text.replace(secretShapes, (_, lead: string | undefined) => `${lead ?? ''}[secret]`);

export function createLog(level: string, destination?: { write(line: string): void }): Log {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    hooks: { streamWrite: scrub },
  };
  return destination ? pino(options, destination) : pino(options);
}
