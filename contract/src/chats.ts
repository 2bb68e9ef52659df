/**
 * The shapes of `/api/chats`: chats, their messages, their settings, and the events of an answer as it is written.
 *
 * `POST /api/chats/{id}/messages` answers `text/event-stream`. Each event is one `data:` line with the JSON of a `chatEvent`: first
 * `begun` (question and answer are stored), then any number of `reasoning` and `text`, last `ended` with the answer as it is stored.
 * A failed provider is an `ended` whose answer says so; a stream without `ended` broke, and the stored answer tells what was kept.
 * Whoever hangs up stops the answer: what was written until then stays, marked `stopped`.
 */
import { z } from 'zod';
import { isoTime, pageRowsMax } from './paging.ts';
import { idText, modelText, plainText, trimmedText, uuidText } from './text.ts';

/** Characters of one question, of a system prompt, and of a title. */
export const questionCharsMax = 100_000;
export const promptCharsMax = 32_000;
export const titleCharsMax = 200;
/** Messages that a chat may begin with. */
const broughtMessagesMax = 200;
const stopTextsMax = 4;
const biasesMax = 300;
const parametersMax = 50;
const parametersCharsMax = 10_000;

/** Long texts keep their line breaks; what no database and no UTF-8 can hold is refused. */
const longText = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes('\u0000') && text.isWellFormed(), { message: 'U+0000 and broken characters are not allowed' });

const number = (min: number, max: number) => z.number().min(min).max(max).nullable().default(null);
const whole = (min: number, max: number) => z.number().int().min(min).max(max).nullable().default(null);
const flag = z.boolean().nullable().default(null);

/** What one chat is asked with (D-39, D-40). Null leaves a value to the connection, and what that does not say to the provider. */
export const chatSettings = z.strictObject({
  /** Null is the default connection. */
  connectionId: uuidText.nullable().default(null),
  /** A use case takes the place of connection and model; null is none. */
  useCaseId: uuidText.nullable().default(null),
  /** A model id, or whatever `model` may name on `/v1` where no connection is chosen. */
  model: modelText.nullable().default(null),
  systemPrompt: longText(promptCharsMax).nullable().default(null),
  temperature: number(0, 2),
  maxTokens: whole(1, 1_000_000),
  topP: number(0, 1),
  topK: whole(0, 1000),
  minP: number(0, 1),
  frequencyPenalty: number(-2, 2),
  presencePenalty: number(-2, 2),
  /** `false` asks for the answer in one piece; it is shown when it is complete. */
  stream: flag,
  /** Characters that one event of the answer holds at least; the answer arrives in larger steps. */
  chunkSize: whole(1, 1000),
  /** Reads what stands between `<think>` and `</think>` at the beginning of an answer as reasoning. Null is yes. */
  reasoningTags: flag,
  reasoningEffort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullable().default(null),
  seed: whole(0, 2_147_483_647),
  stop: z.array(plainText(1, 100)).max(stopTextsMax).nullable().default(null),
  logitBias: z
    .record(z.string().regex(/^\d{1,9}$/), z.number().min(-100).max(100))
    .refine((biases) => Object.keys(biases).length <= biasesMax, { message: `at most ${biasesMax} tokens` })
    .nullable()
    .default(null),
  mirostatTau: number(0, 20),
  repeatLastN: whole(-1, 131_072),
  repeatPenalty: number(0, 2),
  tfsZ: number(0, 10),
  useMmap: flag,
  useMlock: flag,
  /** Anything else that the provider knows, merged into each request. */
  parameters: z
    .record(plainText(1, 100), z.unknown())
    .refine((all) => Object.keys(all).length <= parametersMax && JSON.stringify(all).length <= parametersCharsMax, {
      message: `at most ${parametersMax} parameters and ${parametersCharsMax} characters`,
    })
    .nullable()
    .default(null),
});
export type ChatSettings = z.output<typeof chatSettings>;

export const messageStates = ['complete', 'streaming', 'stopped', 'interrupted', 'failed'] as const;

/** Why an answer failed, in the caller's language: what happened, what to look at, what to do. */
export const chatFailure = z.object({
  /** Stable: a fault of the provider (`auth`, `rate_limited`) or a refusal of the house (`no_connection`). */
  code: z.string(),
  issue: z.string(),
  check: z.string().nullable(),
  resolution: z.string().nullable(),
});

export const chatMessage = z.object({
  id: z.string(),
  parentId: z.string().nullable(),
  role: z.enum(['user', 'assistant']),
  /** As it was written; Markdown is never rendered here. */
  content: z.string(),
  reasoning: z.string().nullable(),
  state: z.enum(messageStates),
  /** Ids of all versions of this message, oldest first, its own among them. Make one the `headId` of the chat to see it. */
  versions: z.array(z.string()),
  failure: chatFailure.nullable(),
  /** Null for questions: who answered, and what it took. */
  answer: z
    .object({
      connectionId: z.string().nullable(),
      connectionName: z.string().nullable(),
      provider: z.string().nullable(),
      model: z.string().nullable(),
      /** What the provider says it was. */
      modelReported: z.string().nullable(),
      /** Of `/api/requests`. */
      requestId: z.string().nullable(),
      attempts: z.number(),
      tokensIn: z.number(),
      tokensOut: z.number(),
      tokensReasoning: z.number(),
      isEstimated: z.boolean(),
      costUsd: z.string().nullable(),
      latencyMs: z.number().nullable(),
      firstByteMs: z.number().nullable(),
      finishReason: z.string().nullable(),
      /** Parameters that the provider did not take as they were. */
      changed: z.array(z.object({ parameter: z.string(), what: z.string(), to: z.string().optional() })),
      /** Messages of this chat that no longer fitted and were not sent. */
      leftOut: z.array(z.string()),
      /** The chosen connection is gone, so the default one answered. */
      isConnectionReplaced: z.boolean(),
    })
    .nullable(),
  createdAt: isoTime,
});
export type ChatMessage = z.output<typeof chatMessage>;

export const chatSummary = z.object({
  id: z.string(),
  /** Null until the first question, of which it is made; a rename wins. */
  title: z.string().nullable(),
  headId: z.string().nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
});
export type ChatSummary = z.output<typeof chatSummary>;

export const chat = chatSummary.extend({
  settings: chatSettings,
  /** The chosen connection no longer exists or is no longer the caller's to use: the default one answers (C-08). */
  isConnectionGone: z.boolean(),
  /** The chosen use case is gone, switched off, or for other roles: questions are refused until another one is chosen. */
  isUseCaseGone: z.boolean(),
});
export type Chat = z.output<typeof chat>;

export const chatsQuery = z.strictObject({
  /** Words of the title or of the caller's own questions. */
  q: trimmedText(0, 200).optional(),
  cursor: z.string().max(80).toLowerCase().optional(),
  limit: z.coerce.number().int().min(1).max(pageRowsMax).default(50),
});
export const chatsAnswer = z.object({ success: z.literal(true), data: z.array(chatSummary), nextCursor: z.string().nullable() });
/** `messages` were exchanged elsewhere, oldest first: they stand at the beginning of the chat, and nobody is asked. */
export const chatCreate = z.strictObject({
  title: trimmedText(1, titleCharsMax).optional(),
  settings: chatSettings.optional(),
  messages: z
    .array(z.strictObject({ role: z.enum(['user', 'assistant']), content: longText(questionCharsMax) }))
    .max(broughtMessagesMax)
    .optional(),
});
export const chatAnswer = z.object({ success: z.literal(true), data: chat });

/** `settings` are replaced as a whole; `headId` shows another version of a message. */
export const chatChange = z
  .strictObject({ title: trimmedText(1, titleCharsMax).optional(), settings: chatSettings.optional(), headId: idText.optional() })
  .refine((body) => Object.keys(body).length > 0, { message: 'at least one field is needed' });

export const messagesQuery = z.strictObject({
  /** The messages before this one. */
  cursor: uuidText.optional(),
  limit: z.coerce.number().int().min(1).max(pageRowsMax).default(100),
});
/** Oldest first; `nextCursor` leads to those before. */
export const messagesAnswer = z.object({ success: z.literal(true), data: z.array(chatMessage), nextCursor: z.string().nullable() });

/** Either a question (`replaces` makes it another version of an earlier one), or `again`: another answer to a question that has one. */
export const ask = z
  .strictObject({
    content: longText(questionCharsMax)
      .refine((text) => text.trim() !== '', { message: 'a question has a text' })
      .optional(),
    replaces: uuidText.optional(),
    again: uuidText.optional(),
  })
  .refine((body) => (body.content === undefined) !== (body.again === undefined), { message: 'either content or again' })
  .refine((body) => body.replaces === undefined || body.content !== undefined, { path: ['replaces'], message: 'goes with content' });
export type Ask = z.input<typeof ask>;

export const chatEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begun'), chat: chatSummary, question: chatMessage, answer: chatMessage }),
  z.object({ type: z.literal('reasoning'), text: z.string() }),
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('ended'), answer: chatMessage }),
]);
export type ChatEvent = z.output<typeof chatEvent>;
