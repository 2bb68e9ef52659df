/** What can go wrong on the way out: one code per class of failure, and never a word of what was sent or received. */

export type EgressErrorCode =
  | 'egress_blocked'
  | 'dns_failed'
  | 'dns_timeout'
  | 'connect_refused'
  | 'connect_timeout'
  | 'connect_reset'
  | 'tls_invalid'
  | 'tls_failed'
  | 'protocol'
  | 'headers_overflow'
  | 'closed_before_headers'
  | 'reset'
  | 'truncated'
  | 'aborted'
  | 'body_too_large'
  | 'timeout';

const sentences: Record<EgressErrorCode, string> = {
  egress_blocked: 'the egress rules do not allow this target',
  dns_failed: 'the name could not be resolved',
  dns_timeout: 'the name was not resolved in time',
  connect_refused: 'the target refused the connection or cannot be reached',
  connect_timeout: 'the target did not accept the connection in time',
  connect_reset: 'the target broke the connection while it was being set up',
  tls_invalid: 'the certificate of the target is not valid for it',
  tls_failed: 'the TLS handshake failed',
  protocol: 'the exchange does not keep to HTTP/1.1',
  headers_overflow: 'the response headers are too large or too many',
  closed_before_headers: 'the connection was closed before the response headers',
  reset: 'the connection was reset',
  truncated: 'the response ended too early',
  aborted: 'the exchange was aborted on our side',
  body_too_large: 'the response body is too large',
  timeout: 'the exchange took too long',
};

export interface EgressErrorFacts {
  bytesReceived?: number;
  socketReused?: boolean;
  allowEntry?: string;
  cause?: unknown;
}

/**
 * One exchange failed. The message depends on the code alone: the HTTP client's own errors may quote header values and
 * response bytes, so they are never kept, not even as `cause`. `cause` holds a fault of our own code, where there was one.
 */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly code: EgressErrorCode;
  /** Bytes of this response that reached us, headers included. 0 together with `socketReused` is the keep-alive race. */
  readonly bytesReceived: number;
  /** Whether the request was written to a socket that had already carried another one. */
  readonly socketReused: boolean;
  /** The `host:port` that an operator would have to allow; only with `egress_blocked`, and only where allowing can help. */
  readonly allowEntry: string | undefined;

  constructor(code: EgressErrorCode, facts: EgressErrorFacts = {}) {
    super(sentences[code], facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.bytesReceived = facts.bytesReceived ?? 0;
    this.socketReused = facts.socketReused ?? false;
    this.allowEntry = facts.allowEntry;
  }
}

/** Certificate faults of OpenSSL and Node. The target answered TLS, but is not who it should be. */
const certificateCode =
  /^(?:CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_CERT_|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/;
const tlsCode = /^(?:ERR_SSL_|ERR_TLS_|EPROTO)/;
const resetCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** The `code` of any thrown value; an empty string where there is none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Classes a failure while the connection was being set up. `tcpOpen` says that TCP had succeeded, so that TLS was at work. */
export function classifyConnectFailure(error: unknown, tcpOpen: boolean): EgressErrorCode {
  const code = codeOf(error);
  if (certificateCode.test(code)) return 'tls_invalid';
  if (tlsCode.test(code)) return 'tls_failed';
  if (resetCodes.has(code)) return 'connect_reset';
  if (code === 'ETIMEDOUT') return 'connect_timeout';
  return tcpOpen ? 'tls_failed' : 'connect_refused';
}

/** Classes a failure of an exchange whose connection stood. `headersSeen` decides between "never answered" and "cut off". */
export function classifyExchangeFailure(error: Error, headersSeen: boolean): EgressErrorCode {
  const code = codeOf(error);
  if (resetCodes.has(code) || code === 'ETIMEDOUT') return 'reset';
  switch (code) {
    case 'UND_ERR_HEADERS_OVERFLOW':
      return 'headers_overflow';
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_ABORTED':
      return 'aborted';
    case 'UND_ERR_SOCKET':
      // The client reports an answer that no request asked for, or a forced upgrade, by the same class as a closed socket.
      if (error.message.startsWith('bad ')) return 'protocol';
      return headersSeen ? 'truncated' : 'closed_before_headers';
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return headersSeen ? 'truncated' : 'protocol';
    default:
      return headersSeen && error.message.includes('EOF') ? 'truncated' : 'protocol';
  }
}
