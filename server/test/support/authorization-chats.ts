/** Rows of the authorization table for chats and tasks: both are their owner's alone; administrators see all tasks, and nobody else's chat. */
import { always, house, person, random, type Make, type Row, type Rule } from './authorization.ts';

/** Its stream never ends by itself; `faces/events.test.ts` asks it as everybody. */
const unpausableRule: Rule = (subject, kind) => (taskRule(subject, kind) === 200 ? 409 : taskRule(subject, kind));

export const streams = ['GET /api/events'];

const ownOnly: Rule = (_, kind) => (kind === 'own' ? 200 : 404);

const makeChat: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'workspace') return null;
  const { token } = person(kind === 'foreign' ? 'holder' : subject);
  const id = (await house.request('POST', '/api/chats', { token, body: { title: 'A chat' } })).at('data.id');
  if (kind === 'deleted') await house.request('DELETE', `/api/chats/${id}`, { token });
  return { id };
};

/** Whoever holds the chat, its message is none: what matters is that a foreign chat says no more than that. */
const makeMessage: Make = async (kind, subject) => {
  const chat = await makeChat(kind, subject);
  return chat && { ...chat, messageId: random().id };
};

const makeTask: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind !== 'own' && kind !== 'foreign') return null;
  const holder = person(kind === 'foreign' ? 'holder' : subject);
  const { id } = await house.deps.tasks.start({ kind: 'none', title: '', ownerUserId: holder.id, run: () => Promise.resolve() });
  return { id };
};
const taskRule: Rule = (subject, kind) => (kind !== 'random' && (kind === 'own' || subject === 'administrator') ? 200 : 404);

const nowhere = 'http://127.0.0.1:9/v1';
const settings = async (subject: Parameters<Make>[1]): Promise<Record<string, string>> => {
  const body = { name: random().id, provider: 'ollama', model: 'small', baseUrl: nowhere };
  const reply = await house.request('POST', '/api/configurations', { token: person(subject).token, body });
  return { connectionId: reply.at('data.id') };
};

export const chatTable: Record<string, Row> = {
  'GET /api/chats': { rule: always(200) },
  'POST /api/chats': { rule: always(201), body: () => ({ title: 'A chat' }) },
  'GET /api/chats/:id': { rule: ownOnly, make: makeChat },
  'PATCH /api/chats/:id': { rule: ownOnly, make: makeChat, body: () => ({ title: 'Another name' }) },
  'DELETE /api/chats/:id': { rule: ownOnly, make: makeChat },
  'GET /api/chats/:id/messages': { rule: ownOnly, make: makeChat },
  'POST /api/chats/:id/messages': {
    rule: ownOnly,
    // A provider that does not answer is told within the stream, which is 200.
    make: async (kind, subject) => {
      const chat = await makeChat(kind, subject);
      if (chat && kind === 'own')
        await house.request('PATCH', `/api/chats/${chat['id']}`, {
          token: person(subject).token,
          body: { settings: await settings(subject) },
        });
      return chat;
    },
    body: () => ({ content: 'Hello' }),
  },
  'DELETE /api/chats/:id/messages/:messageId': { rule: always(404), make: makeMessage },
  'GET /api/tasks': { rule: always(200) },
  'POST /api/tasks': { rule: always(202), body: () => ({ kind: 'connection-tests' }) },
  'GET /api/tasks/:id': { rule: taskRule, make: makeTask },
  // What can be paused, and what waits, is its own business: here nothing can, and nothing does.
  'POST /api/tasks/:id/pause': { rule: unpausableRule, make: makeTask, body: () => ({}) },
  'POST /api/tasks/:id/resume': { rule: unpausableRule, make: makeTask, body: () => ({}) },
  'POST /api/tasks/:id/cancel': { rule: taskRule, make: makeTask, body: () => ({}) },
  'POST /api/configurations/test-all': { rule: always(202), body: () => ({}) },
};
