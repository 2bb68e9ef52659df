/** One question to a use case that need not be saved: through the gateway like any other, so that it is booked, with the answer whole. */
import type { ServerResponse } from 'node:http';
import type { Language } from '@patchbay/contract/translate';
import { temperatureDefault, type UseCaseTried, type UseCaseTry } from '@patchbay/contract/use-cases';
import { chatOwners } from '../../control/chats.ts';
import { withinTestLimit } from '../../control/connection-test-limit.ts';
import type { ControlDeps } from '../../control/deps.ts';
import { connectionFaults } from '../../control/use-cases.ts';
import { unfit } from '../../domain/errors.ts';
import type { Intent, Settlement } from '../../domain/ledger.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import type { Actor } from '../../domain/owner.ts';
import type { UseCase } from '../../domain/use-case.ts';
import { complete } from '../../gateway/complete.ts';
import type { GatewayError } from '../../gateway/errors.ts';
import type { GatewayDeps, Order, Reply } from '../../gateway/order.ts';
import { readRequest } from '../../gateway/request.ts';
import { expand } from '../../gateway/use-case.ts';
import { pause } from '../../lib/clock.ts';
import { list, member, parseJson, text } from '../../providers/shape.ts';
import { failureOf } from '../chats/dialect.ts';

export type TryDeps = ControlDeps & GatewayDeps;

export interface TryCall {
  actor: Actor;
  requestId: string;
  language: Language;
  /** Its closing is the page hanging up. */
  response: ServerResponse;
}

/** How long the last word of an answer may be on its way from the journal's disk. */
const lastWordMs = 10_000;

/** Where the question of a try-out comes from. */
const tryPage = '/admin/ai_use_cases';

/** Keeps what the gateway says, for one answer as a whole. */
class TryReply implements Reply {
  body = '';
  failure: GatewayError | null = null;
  intent: Intent | null = null;
  settlement: Settlement | null = null;
  /** Resolves with the last word, which may wait for the disk after the gateway's own work is done. */
  readonly ended: Promise<void>;
  private readonly markEnded: () => void;
  private isClosed = false;
  private readonly listeners: (() => void)[] = [];

  constructor(response: ServerResponse) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.markEnded = resolve;
    response.on('close', () => {
      if (response.writableFinished) return;
      this.drop();
      for (const run of this.listeners) run();
    });
  }

  isGone(): boolean {
    return this.isClosed;
  }

  onGone(run: () => void): void {
    this.listeners.push(run);
  }

  beginStream(): void {
    // The answer is asked for whole.
  }

  write(): boolean {
    return true;
  }

  onDrain(run: () => void): void {
    run();
  }

  drop(): void {
    this.isClosed = true;
    this.markEnded();
  }

  endStream(): void {
    this.markEnded();
  }

  whole(_headers: Readonly<Record<string, string>>, body: Buffer | string): void {
    this.body = body.toString();
    this.markEnded();
  }

  fail(error: GatewayError): void {
    this.failure = error;
    this.markEnded();
  }

  booked(intent: Intent, settlement: Settlement): void {
    this.intent = intent;
    this.settlement = settlement;
  }
}

const draftOf = (asked: UseCaseTry): UseCase => ({
  // No id: nothing is saved yet, and the books count it for nobody's use case.
  id: '',
  slug: 'try',
  name: '',
  description: '',
  connectionId: asked.connectionId,
  model: asked.model ?? null,
  systemPrompt: asked.systemPrompt,
  baseKnowledge: asked.baseKnowledge ?? '',
  temperature: asked.temperature === undefined ? temperatureDefault : asked.temperature,
  maxTokens: asked.maxTokens ?? null,
  allowedRoles: null,
  priority: 0,
  fallbackIds: [],
  inject: { user: false, time: false, page: false, ...asked.injectContext },
  isActive: true,
  createdBy: '',
  createdAtMs: 0,
  updatedAtMs: 0,
  revision: 0,
});

/** What the model is told before the question. */
function promptSent(deps: TryDeps, order: Order): string {
  const first = list(expand(deps, order).request.parsed().messages)[0];
  return text(member(first, 'content')) ?? '';
}

function triedOf(deps: TryDeps, call: TryCall, reply: TryReply, prompt: string, latencyMs: number): UseCaseTried {
  const { failure, intent, settlement } = reply;
  const answered = failure === null ? text(member(member(list(member(parseJson(reply.body), 'choices'))[0], 'message'), 'content')) : null;
  const connectionId = intent?.connectionId ?? null;
  const costNanoUsd = settlement?.costNanoUsd ?? null;
  const reason = failure === null ? null : (settlement?.reason ?? failure.code);
  return {
    isAnswered: failure === null,
    answer: answered ?? (failure === null ? '' : null),
    prompt,
    failure: failureOf({ failure: reason, provider: intent?.provider ?? null, model: intent?.model ?? null }, call.language),
    connectionName: connectionId === null ? null : (deps.keeper.snapshot.connections.get(connectionId)?.name ?? null),
    model: intent?.model ?? null,
    tokensIn: settlement?.usage.tokensIn ?? 0,
    tokensOut: settlement?.usage.tokensOut ?? 0,
    isEstimated: settlement?.usage.isEstimated ?? false,
    costUsd: costNanoUsd === null ? null : decimalUsdOf(costNanoUsd),
    latencyMs,
  };
}

/** @throws Refusal RATE_LIMITED as for tests of connections, VALIDATION_ERROR for a model that cannot be chosen; whatever the model itself says is an answer */
export async function tryUseCase(deps: TryDeps, call: TryCall, asked: UseCaseTry): Promise<UseCaseTried> {
  const faults = connectionFaults(deps, 'connectionId', asked.connectionId);
  if (faults.length > 0) throw unfit(...faults);
  const body = JSON.stringify({ messages: [{ role: 'user', content: asked.question }] });
  const order: Order = {
    requestId: call.requestId,
    face: 'use-case.try',
    purpose: 'chat',
    userId: call.actor.userId,
    workspaceId: null,
    accessKey: null,
    owners: chatOwners(call.actor),
    asked: null,
    pinnedId: null,
    request: readRequest(Buffer.from(body)),
    useCase: draftOf(asked),
    page: tryPage,
    clientRequestId: null,
    atMs: deps.clock.nowMs(),
    startedMs: deps.clock.monotonicMs(),
  };
  const prompt = promptSent(deps, order);
  const reply = new TryReply(call.response);
  await withinTestLimit(deps, call.actor.userId, async () => {
    await complete(deps, order, reply);
    await Promise.race([reply.ended, pause(deps.clock, lastWordMs)]);
  });
  return triedOf(deps, call, reply, prompt, Math.round(deps.clock.monotonicMs() - order.startedMs));
}
