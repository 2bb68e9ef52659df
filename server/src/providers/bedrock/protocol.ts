/** Amazon Bedrock's Converse wire: one for all of its models, signed, and streamed in binary messages. */
import { credentialsOf, secretParts, sign } from '../aws-signature.ts';
import { awsMessages } from '../framing.ts';
import { modelsOf } from '../model-lists.ts';
import { pathOf } from '../normalise.ts';
import type { Destination, Protocol } from '../protocol.ts';
import { usageOf } from '../usage.ts';
import { errorOf } from './errors.ts';
import { toConverseRequest } from './request.ts';
import { fromConverseResponse } from './response.ts';
import { createConverseReader } from './stream.ts';

/** The model stands in the path. It is one segment, whatever was typed: a profile's address has slashes and colons in it. */
const chatPath = (to: Destination, isStream: boolean): string =>
  `${pathOf(to.baseUrl)}/model/${encodeURIComponent(to.model)}/${isStream ? 'converse-stream' : 'converse'}`;

export const bedrock: Protocol = {
  framing: awsMessages,
  chatPath,
  // A secret of two parts never travels: it signs.
  authHeaders: (_to, secret): Record<string, string> =>
    secret === '' || credentialsOf(secret) ? {} : { authorization: `Bearer ${secret}` },
  headers: () => ({}),
  toVendor: toConverseRequest,
  fromVendor: (body, to, moment) => fromConverseResponse(body, to.model, moment),
  streamReader: (to, moment) => createConverseReader(to.model, moment),
  errorOf,
  sign,
  secretParts,
  modelsPath: (to) => `${pathOf(to.baseUrl)}/foundation-models`,
  modelsOf,
  usageOf,
};
