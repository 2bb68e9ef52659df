/** What is kept of a request's contents where a workspace asked for it: its shape and its bounds. Nothing here reads or writes. */

/** Bytes of text that are kept of each side; what is longer is cut, and says so. */
export const keptBytesMax = 262_144;
export const keptDaysDefault = 7;

/** One side of a request, as it was said. */
export interface CapturedSide {
  /** What it is, `application/json`. */
  mediaType: string;
  /** Length of the whole, of which less may be kept. */
  bytes: number;
  isTruncated: boolean;
  /** Null for what is no text: sound and pictures are not kept. */
  text: string | null;
}

/** What the gateway hands over when a request is done. Texts are as the caller and the policies left them, not yet scrubbed. */
export interface Captured {
  requestId: string;
  atMs: number;
  workspaceId: string;
  userId: string;
  /** Null where the request was refused before its contents had been held against the policies. */
  request: CapturedSide | null;
  /** Null where nothing was answered. */
  answer: CapturedSide | null;
}

/** Takes contents to where they are kept; never waits and never throws. */
export interface CaptureSink {
  note(captured: Captured): void;
}

/** What a workspace says about its contents. */
export interface CaptureSettings {
  isOn: boolean;
  keptDays: number;
  /** 0 where it never said anything. */
  revision: number;
}

export const captureDefault: CaptureSettings = { isOn: false, keptDays: keptDaysDefault, revision: 0 };

/** A word that a cut went through might be half of a key that no shape tells any more: it goes whole. */
const cutWord = /[^\s"'\\,;:{}[\]]{0,4096}$/;

/** A text as it may be kept: without what looks like a key, and within its bound. */
export function keptText(text: string, scrub: (text: string) => string, isCut: boolean): string {
  const scrubbed = scrub(text);
  return isCut ? scrubbed.replace(cutWord, '') : scrubbed;
}
