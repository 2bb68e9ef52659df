/** Every error code of the control plane: its status and the key of its text. `docs/errors.md` lists them, a test compares. */

export const errorCodes = {
  VALIDATION_ERROR: { status: 400 },
  MALFORMED_JSON: { status: 400 },
  MODEL_REQUIRED: { status: 400 },
  NO_CONNECTION_CONFIGURED: { status: 400 },
  UNKNOWN_PROVIDER: { status: 404 },
  SECRET_REQUIRED: { status: 400 },
  URL_REFUSED: { status: 400 },
  EGRESS_BLOCKED: { status: 400 },
  SETUP_TOKEN_INVALID: { status: 403 },
  SETUP_DONE: { status: 409 },
  UNAUTHENTICATED: { status: 401 },
  WRONG_KEY_KIND: { status: 401 },
  /** The same for an unknown address, a wrong password and a disabled person. */
  SIGN_IN_REFUSED: { status: 401 },
  /** The second step of a sign-in: the code is wrong, or was used already. */
  SECOND_FACTOR_REFUSED: { status: 401 },
  /** The second step of a sign-in came too late, or after too many wrong codes: it begins again with the password. */
  SIGN_IN_EXPIRED: { status: 401 },
  BUDGET_EXCEEDED: { status: 402 },
  PRICE_UNKNOWN: { status: 402 },
  /** A price far from the known one; `confirm` says that it is meant. */
  PRICE_OUT_OF_BAND: { status: 409 },
  FORBIDDEN: { status: 403 },
  CSRF_REFUSED: { status: 403 },
  /** S3's face answers 403 with this code, every other face 409 (C-08). */
  CONFIGURATION_IN_USE: { status: 409 },
  /** The same for a repository that has live keys or policies: 403 on S3's face (D-09). */
  REPOSITORY_IN_USE: { status: 409 },
  NOT_FOUND: { status: 404 },
  ROUTE_NOT_FOUND: { status: 404 },
  METHOD_NOT_ALLOWED: { status: 405 },
  /** S3's face answers 400 with this code, every other face 409 (C-30). */
  NAME_EXISTS: { status: 409 },
  EMAIL_EXISTS: { status: 409 },
  /** A subject has one limit of a kind and period from its owner, and one from the administrators. */
  LIMIT_EXISTS: { status: 409 },
  STALE: { status: 409 },
  CHAT_BUSY: { status: 409 },
  CHAT_FULL: { status: 409 },
  /** The request named a revision, and the thing has another one. */
  CONFLICT: { status: 409 },
  /** The task is over, or its kind cannot stop and go on later. */
  TASK_NOT_PAUSABLE: { status: 409 },
  TASK_NOT_PAUSED: { status: 409 },
  REVISION_NOT_FOUND: { status: 404 },
  /** What the revision names is gone, or it is a deletion. */
  REVISION_UNUSABLE: { status: 409 },
  /** The file is still being read, or could not be. */
  IMPORT_NOT_READY: { status: 409 },
  /** Exported files that are kept take as much as they may. */
  EXPORTS_FULL: { status: 409 },
  /** The master key is the operator's: the house could not keep a new one. */
  KEY_NOT_KEPT_HERE: { status: 409 },
  WORKSPACE_NOT_EMPTY: { status: 400 },
  LAST_ADMINISTRATOR: { status: 409 },
  LAST_WORKSPACE_ADMIN: { status: 409 },
  /** The same for a link that never was, was used, was withdrawn, or is over. */
  INVITATION_INVALID: { status: 404 },
  SECOND_FACTOR_ON: { status: 409 },
  SECOND_FACTOR_OFF: { status: 409 },
  SECRET_REQUIRED_FOR_NEW_ORIGIN: { status: 409 },
  SECRET_UNREADABLE: { status: 409 },
  MODEL_INACTIVE: { status: 409 },
  /** The chosen use case was deleted, is switched off, or is for other roles. */
  USE_CASE_UNAVAILABLE: { status: 409 },
  BODY_TOO_LARGE: { status: 413 },
  UNSUPPORTED_MEDIA_TYPE: { status: 415 },
  RATE_LIMITED: { status: 429 },
  POLICY_BLOCKED: { status: 403 },
  INTERNAL: { status: 500 },
  PROVIDER_ERROR: { status: 502 },
  STORAGE_UNAVAILABLE: { status: 503 },
  OVERLOADED: { status: 503 },
  PROVIDER_TIMEOUT: { status: 504 },
} as const satisfies Record<string, { status: number }>;

export type ErrorCode = keyof typeof errorCodes;

/** `details` of CONFLICT: what the thing is now, as its face shows it, and who made it so. */
export interface ConflictDetails<View> {
  current: View;
  /** ISO 8601 UTC; null where the change was a side effect, or is not known any more. */
  changedAt: string | null;
  changedBy: { id: string; name: string } | null;
}

/** The body of every control-plane error (contracts, C-22). */
export interface ErrorBody {
  success: false;
  error: string;
  message: string;
  error_code: ErrorCode;
  details?: unknown;
  request_id: string;
}
