/** What AWS's errors mean: by the status and the prose of an answer, and by the name of an exception inside a stream. */
import { UpstreamFailure, type Fault } from '../../domain/errors.ts';
import type { VendorError } from '../protocol.ts';
import { member, parseJson, text } from '../shape.ts';
import { vendorErrorOf, vendorMessageCharsMax } from '../vendor-error.ts';

/** Prose of a 400, 403 or 404 that is about the model and not about the request or the key. */
const modelProse =
  /(model identifier is invalid|could not resolve the foundation model|don't have access to the model|on-demand throughput isn.t supported|end of its life|inference profile .{0,80}not found)/i;

/** Meanings that are in no status: a model may be missing, or time out, under several. */
function faultOf(status: number, message: string, fallback: Fault): Fault {
  if ((status === 400 || status === 403 || status === 404) && modelProse.test(message)) return 'model_not_found';
  if (status === 424) return 'server_error';
  return fallback;
}

const messageOf = (body: unknown): string => text(member(body, 'message')) ?? text(member(body, 'Message')) ?? '';

export function errorOf(status: number, body: unknown): VendorError {
  const message = messageOf(body);
  const known = vendorErrorOf(status, body);
  return {
    ...known,
    message: known.message ?? (message === '' ? null : message.slice(0, vendorMessageCharsMax)),
    fault: faultOf(status, message, known.fault),
  };
}

/** Exceptions of ConverseStream, lower case (docs.aws.amazon.com, ConverseStreamOutput). */
const exceptions: Readonly<Record<string, { status: number; fault: Fault }>> = {
  throttlingexception: { status: 429, fault: 'rate_limited' },
  validationexception: { status: 400, fault: 'bad_request' },
  internalserverexception: { status: 500, fault: 'server_error' },
  modelstreamerrorexception: { status: 424, fault: 'server_error' },
  modeltimeoutexception: { status: 408, fault: 'request_timeout' },
  serviceunavailableexception: { status: 503, fault: 'overloaded' },
  accessdeniedexception: { status: 403, fault: 'auth' },
  resourcenotfoundexception: { status: 404, fault: 'model_not_found' },
};

/** An exception that ended a stream, as a failure of its own kind. */
export function failureOfException(name: string, data: string): UpstreamFailure {
  const known = exceptions[name.toLowerCase()] ?? { status: 500, fault: 'server_error' as const };
  const body = parseJson(data);
  const message = messageOf(body);
  const { fault } = errorOf(known.status, body);
  return new UpstreamFailure(known.status === 400 ? fault : known.fault, 'the provider ended its stream with an exception', {
    vendorStatus: known.status,
    vendorMessage: message === '' ? null : message.slice(0, vendorMessageCharsMax),
  });
}
