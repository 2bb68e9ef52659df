/** One question of a chat on its way through the gateway: stored before it is sent, written down while it arrives, settled at the end. */
import { PassThrough, type Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import type { Language } from '@patchbay/contract/translate';
import {
  beginAnswer,
  endAnswer,
  historyFor,
  keepAnswer,
  noFacts,
  prepareQuestion,
  type Asked,
  type Question,
} from '../../control/chat-answers.ts';
import { chatOwners, showChat, threadOfChat, chosenUseCase, type MessageView } from '../../control/chats.ts';
import type { ControlDeps } from '../../control/deps.ts';
import { requestBodyOf } from '../../domain/chat-settings.ts';
import { historyCharsOf, versionsOf } from '../../domain/chat-thread.ts';
import { Refusal, type ErrorCode } from '../../domain/errors.ts';
import type { Actor } from '../../domain/owner.ts';
import { useCasePrefix } from '../../domain/use-case.ts';
import { complete } from '../../gateway/complete.ts';
import { GatewayRefusal } from '../../gateway/errors.ts';
import type { GatewayDeps, Order } from '../../gateway/order.ts';
import { plan } from '../../gateway/plan.ts';
import { recordRefusal } from '../../gateway/record.ts';
import { readRequest } from '../../gateway/request.ts';
import { expand } from '../../gateway/use-case.ts';
import { pause } from '../../lib/clock.ts';
import { modelLimitOf } from '../../providers/model-limits.ts';
import type { MessageRecord } from '../../storage/chat-messages.ts';
import { fromMessage, fromSummary } from './dialect.ts';
import { ChatReply } from './reply.ts';

export type AnswerDeps = ControlDeps & GatewayDeps;

export interface AskCall {
  actor: Actor;
  requestId: string;
  language: Language;
  /** Its closing is the page hanging up. */
  response: ServerResponse;
}

/** How often what has arrived is written down, with a sign of life; a killed process loses no more than this. */
const keepPeriodMs = 2_000;
/** A very long answer is written down less often: each time is the whole of it. */
const keptCharsPerPeriod = 100_000;
const keepPeriodsMax = 4;
/** How long a question waits for the one before it, whose page has just hung up. */
const earlierMs = 1_500;

/** How long the last word of an answer may be on its way from the journal's disk. */
const lastWordMs = 10_000;

/** Answers that this process writes at the moment, by chat. */
const underWay = new Map<string, Promise<void>>();

/**
 * Stores the question and answers with the stream of its answer. What nobody can answer is refused before anything is stored.
 * @throws Refusal NOT_FOUND, CHAT_BUSY, CHAT_FULL, NO_CONNECTION_CONFIGURED, MODEL_REQUIRED, MODEL_INACTIVE, USE_CASE_UNAVAILABLE
 */
export async function askInChat(deps: AnswerDeps, call: AskCall, chatId: string, asked: Asked): Promise<Readable> {
  const out = new PassThrough();
  const earlier = underWay.get(chatId);
  if (earlier) await Promise.race([earlier, pause(deps.clock, earlierMs)]);
  const chat = await showChat(deps, call.actor, chatId);
  const question = await prepareQuestion(deps, call.actor, chat, asked);
  const { order, leftOut } = orderOf(deps, call, question);
  const answer = await beginAnswer(deps, question, call.requestId, leftOut);
  const { chunkSize, reasoningTags } = question.settings;
  const reply = new ChatReply(out, { chunkChars: chunkSize ?? 1, readsTags: reasoningTags !== false });
  call.response.on('close', () => {
    if (!call.response.writableFinished) reply.stop('gone');
  });
  if (call.response.closed) reply.stop('gone');
  const thread = await threadOfChat(deps, chatId);
  const seen = (record: MessageRecord): MessageView => ({ ...record, versions: versionsOf(thread, record) });
  const summary = await showChat(deps, call.actor, chatId);
  reply.tell({
    type: 'begun',
    chat: fromSummary(summary),
    question: fromMessage(seen(question.question), call.language),
    answer: fromMessage(seen(answer), call.language),
  });
  const run = runAnswer(deps, order, reply, answer, (ended) => fromMessage(seen(ended), call.language));
  underWay.set(chatId, run);
  void run.finally(() => {
    if (underWay.get(chatId) === run) underWay.delete(chatId);
  });
  return out;
}

/** Refusals that the page answers with a way out, before anything is stored. */
const refusedEarly: Readonly<Record<string, ErrorCode>> = {
  no_connection: 'NO_CONNECTION_CONFIGURED',
  model_required: 'MODEL_REQUIRED',
  connection_inactive: 'MODEL_INACTIVE',
  use_case_inactive: 'USE_CASE_UNAVAILABLE',
};

/** Where the questions of this face come from, for use cases that tell the model. */
const chatPage = '/chat';

function orderOf(deps: AnswerDeps, call: AskCall, question: Question): { order: Order; leftOut: string[] } {
  const { settings } = question;
  const useCase = settings.useCaseId === null ? undefined : chosenUseCase(deps, call.actor, settings.useCaseId);
  if (settings.useCaseId !== null && useCase === undefined) throw new Refusal('USE_CASE_UNAVAILABLE');
  const order: Order = {
    requestId: call.requestId,
    face: 'chat',
    purpose: 'chat',
    userId: call.actor.userId,
    workspaceId: null,
    accessKey: null,
    owners: chatOwners(call.actor),
    asked: useCase === undefined ? settings.model : `${useCasePrefix}${useCase.slug}`,
    pinnedId: settings.connectionId,
    request: readRequest(noQuestion),
    page: chatPage,
    clientRequestId: null,
    atMs: deps.clock.nowMs(),
    startedMs: deps.clock.monotonicMs(),
  };
  const { model, promptChars } = foreseen(deps, order, useCase?.name);
  const { contextWindow, maxOutputTokens } = modelLimitOf(model ?? '');
  const roomChars = historyCharsOf(contextWindow, settings.maxTokens ?? useCase?.maxTokens ?? maxOutputTokens);
  const history = historyFor(question, Math.max(0, roomChars - promptChars));
  const body = requestBodyOf(settings, order.asked, history.sent);
  return { order: { ...order, request: readRequest(Buffer.from(JSON.stringify(body))) }, leftOut: history.leftOut };
}

const noQuestion = Buffer.from('{"messages":[]}');

/** The model that will most likely answer, null where the gateway will refuse, which it tells and books by itself; and how long the prompt of the use case is. */
function foreseen(deps: AnswerDeps, order: Order, useCaseName: string | undefined): { model: string | null; promptChars: number } {
  let promptChars = 0;
  try {
    const meant = expand(deps, order);
    promptChars = meant.request.bytes.length - noQuestion.length;
    return { model: plan(deps, meant)[0]?.model ?? null, promptChars };
  } catch (error) {
    if (!(error instanceof GatewayRefusal)) throw error;
    const code = refusedEarly[error.error.code];
    if (code === undefined) return { model: null, promptChars };
    recordRefusal(deps, order, error.error);
    const connection = order.pinnedId === null ? undefined : deps.keeper.snapshot.connections.get(order.pinnedId);
    throw new Refusal(code, { values: { name: useCaseName ?? order.asked ?? connection?.name ?? '' } });
  }
}

/** Never throws. Resolves when the answer is stored as it ended. */
async function runAnswer(
  deps: AnswerDeps,
  order: Order,
  reply: ChatReply,
  begun: MessageRecord,
  show: (ended: MessageRecord) => ReturnType<typeof fromMessage>,
): Promise<void> {
  const stopKeeping = keepWriting(deps, reply, begun.id);
  try {
    await complete(deps, order, reply);
    await Promise.race([reply.ended, pause(deps.clock, lastWordMs)]);
    reply.flush();
    await stopKeeping();
    const ended = endedOf(deps, order, reply, begun);
    if (reply.cut !== 'deleted') await endAnswer(deps, ended);
    reply.tell({ type: 'ended', answer: show(ended) });
  } catch (error) {
    deps.log.error({ requestId: order.requestId, err: error }, 'an answer of a chat failed on our side');
  } finally {
    await stopKeeping();
    reply.end();
  }
}

/** Writes down what has arrived again and again, one write at a time, and keeps the page's line alive. Returns how to stop it. */
function keepWriting(deps: AnswerDeps, reply: ChatReply, id: string): () => Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  let isWriting = false;
  let periods = 0;
  let seenEvents = 0;
  let quietMs = 0;
  const timer = deps.clock.every(keepPeriodMs, () => {
    quietMs = seenEvents === reply.sentEvents ? quietMs + keepPeriodMs : 0;
    seenEvents = reply.sentEvents;
    if (quietMs >= deps.timeouts.heartbeatMs) {
      reply.beat();
      quietMs = 0;
    }
    periods++;
    const wanted = Math.min(keepPeriodsMax, 1 + Math.floor(reply.content.length / keptCharsPerPeriod));
    if (isWriting || periods < wanted) return;
    periods = 0;
    isWriting = true;
    writing = keepAnswer(deps, { id, content: storable(reply.content), reasoning: storable(reply.reasoning) || null }).then((isKept) => {
      isWriting = false;
      if (!isKept) reply.stop('deleted');
    });
  });
  return async () => {
    timer.cancel();
    await writing;
  };
}

/** What no database can hold is replaced: providers send what they like. */
const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd').toWellFormed();

const columnCharsMax = 255;

function endedOf(deps: AnswerDeps, order: Order, reply: ChatReply, begun: MessageRecord): MessageRecord {
  const { last, failure, cut } = reply;
  const facts = begun.facts ?? noFacts([], false);
  const base: MessageRecord = {
    ...begun,
    content: storable(reply.content),
    reasoning: storable(reply.reasoning) || null,
    state: failure !== null || cut === 'too_long' ? 'failed' : cut !== null ? 'stopped' : reply.isComplete ? 'complete' : 'interrupted',
    failure: cut === 'too_long' ? 'too_long' : failure === null ? null : (last?.settlement.reason ?? failure.code),
  };
  const latencyMs = Math.round(deps.clock.monotonicMs() - order.startedMs);
  if (last === null) return { ...base, facts: { ...facts, latencyMs } };
  const { intent, settlement, attempts, tokensIn, tokensOut, tokensReasoning, isEstimated, costNanoUsd, changed } = last;
  const connection = intent.connectionId === null ? undefined : deps.keeper.snapshot.connections.get(intent.connectionId);
  const { finishReason, firstByteMs } = settlement;
  const taken = { attempts, tokensIn, tokensOut, tokensReasoning, isEstimated, costNanoUsd, changed, finishReason, firstByteMs, latencyMs };
  return {
    ...base,
    connectionId: intent.connectionId,
    connectionName: connection?.name ?? null,
    provider: intent.provider,
    model: intent.model,
    modelReported: settlement.modelReported === null ? null : storable(settlement.modelReported).slice(0, columnCharsMax),
    facts: { ...facts, ...taken },
  };
}
