/** The bodies of Ollama's wire as the gateway needs them, and the caller's side of the answer. */
import { promptTokensEstimate } from '../../gateway/admit.ts';
import { readForeign, type AskedRequest } from '../../gateway/request.ts';
import { memberValue } from '../../lib/json-scan.ts';
import type { CallerWire } from '../../providers/writer.ts';
import { carriedLead } from '../openai/carry.ts';
import { asGenerated, createLineWriter, wholeOf, type Frame } from './answer.ts';
import { generateToHouse, toHouse } from './request.ts';
import { wireId } from './turns.ts';

function wireOf(bytes: Buffer, frame: Frame): CallerWire {
  const isChat = frame.kind === 'chat';
  return {
    id: wireId,
    // A prompt is asked as a conversation: that is the one wire on which providers of this kind are spoken to.
    isPassable: isChat && !bytes.includes(carriedLead),
    headers: {},
    limitField: 'options.num_predict',
    promptField: isChat ? 'messages' : 'system',
    whole: (response) => wholeOf(frame, response),
    passWhole: (body) => (isChat ? body : asGenerated(body.toString('utf8'))),
    writer: () => createLineWriter(frame),
  };
}

/** Where nothing is said this wire answers in a stream. Throws GatewayRefusal. */
export function readOllama(bytes: Buffer, { kind, clock }: Pick<Frame, 'kind' | 'clock'>): AskedRequest {
  const frame: Frame = { kind, clock, startedMs: clock.monotonicMs(), tokensIn: promptTokensEstimate(bytes.length) };
  const asked = readForeign(bytes, wireOf(bytes, frame), kind === 'chat' ? toHouse : generateToHouse);
  return { ...asked, isStream: memberValue(bytes, asked.scan, 'stream') !== false };
}
