/** Chats over HTTP: the list, one chat and its settings, its messages, and questions whose answers stream back. */
import {
  ask,
  chatAnswer,
  chatChange,
  chatCreate,
  chatEvent,
  chatsAnswer,
  chatsQuery,
  messagesAnswer,
  messagesQuery,
} from '@patchbay/contract/chats';
import { done } from '@patchbay/contract/people';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import { changeChat, createChat, deleteChat, deleteMessage, listChats, messagesOf, showChat } from '../../control/chats.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { askInChat, type AnswerDeps } from './answer.ts';
import { fromChat, fromMessage, fromSummary } from './dialect.ts';

export type ChatFaceDeps = AnswerDeps & PlaneDeps;

const byId = z.object({ id: pathId });
const byMessage = z.object({ id: pathId, messageId: pathId });

const chatRoutes: readonly Route<ChatFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/chats',
    summary: 'The chats of the caller, the last used first',
    access: 'use_ai_chat',
    query: chatsQuery,
    answers: { 200: chatsAnswer },
    statuses: [200, 400, 401, 403],
    async handle(deps: ChatFaceDeps, { actor, query }) {
      const { rows, nextCursor } = await listChats(deps, actor, query);
      return ok({ success: true, data: rows.map(fromSummary), nextCursor });
    },
  }),
  route({
    method: 'POST',
    path: '/api/chats',
    summary: 'Begin a chat',
    access: 'use_ai_chat',
    body: chatCreate,
    answers: { 201: chatAnswer },
    statuses: [201, 400, 401, 403],
    async handle(deps: ChatFaceDeps, { actor, body }) {
      return created({ success: true, data: fromChat(await createChat(deps, actor, body)) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/chats/:id',
    summary: 'One chat with its settings',
    access: 'use_ai_chat',
    params: byId,
    answers: { 200: chatAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: ChatFaceDeps, { actor, params }) {
      return ok({ success: true, data: fromChat(await showChat(deps, actor, params.id)) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/chats/:id',
    summary: 'Rename a chat, apply its settings, or show another version of a message',
    access: 'use_ai_chat',
    params: byId,
    body: chatChange,
    answers: { 200: chatAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: ChatFaceDeps, { actor, params, body }) {
      return ok({ success: true, data: fromChat(await changeChat(deps, actor, params.id, body)) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/chats/:id',
    summary: 'Delete a chat with all its messages for good',
    access: 'use_ai_chat',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: ChatFaceDeps, { actor, params }) {
      await deleteChat(deps, actor, params.id);
      return ok({ success: true, data: null });
    },
  }),
];

const messageRoutes: readonly Route<ChatFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/chats/:id/messages',
    summary: 'The messages of a chat as they are shown, oldest first',
    access: 'use_ai_chat',
    params: byId,
    query: messagesQuery,
    answers: { 200: messagesAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: ChatFaceDeps, { actor, params, query, request }) {
      const { rows, nextCursor } = await messagesOf(deps, actor, params.id, query);
      return ok({ success: true, data: rows.map((row) => fromMessage(row, request.language)), nextCursor });
    },
  }),
  route({
    method: 'POST',
    path: '/api/chats/:id/messages',
    summary: 'Ask, and receive the answer as server-sent events, each of them one JSON object',
    access: 'use_ai_chat',
    params: byId,
    body: ask,
    answers: { 200: chatEvent },
    gives: ['text/event-stream'],
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: ChatFaceDeps, { actor, params, body, request, reply }) {
      const call = { actor, requestId: request.id, language: request.language, response: reply.raw };
      const stream = await askInChat(deps, call, params.id, body);
      reply.header('content-type', 'text/event-stream; charset=utf-8');
      // A proxy that gathers the answer would show it all at once.
      reply.header('x-accel-buffering', 'no');
      return ok(stream);
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/chats/:id/messages/:messageId',
    summary: 'Delete a message and everything after it for good',
    access: 'use_ai_chat',
    params: byMessage,
    answers: { 200: chatAnswer },
    statuses: [200, 401, 403, 404, 409],
    async handle(deps: ChatFaceDeps, { actor, params }) {
      return ok({ success: true, data: fromChat(await deleteMessage(deps, actor, params.id, params.messageId)) });
    },
  }),
];

export const routes: readonly Route<ChatFaceDeps>[] = [...chatRoutes, ...messageRoutes];
