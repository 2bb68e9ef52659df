/** Clients who ask without pause, each request with a mark of its own, and remember what they were told. */
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as waitMs } from 'node:timers/promises';
import { doneEvent } from '../support/fake-provider.ts';

/** How one request ended for its client. */
export interface Told {
  mark: string;
  isStream: boolean;
  /** The client holds the complete answer. */
  isComplete: boolean;
  /** HTTP status; 0 where the line broke before one came. */
  status: number;
}

export interface Load {
  told: Told[];
  /** Where requests go from now on; null lets the clients wait. */
  aim(url: string | null): void;
  stop(): Promise<void>;
}

const clients = 12;
let marks = 0;

export interface Asking {
  mark: string;
  isStream: boolean;
  /** Of the body, in place of what it says otherwise. */
  body?: Readonly<Record<string, unknown>>;
}

/** One request; `agent: false` gives it a line of its own. */
export function askOnce(url: string, key: string, { mark, isStream, body }: Asking, agent: Agent | false): Promise<Told> {
  return new Promise((resolve) => {
    const told: Told = { mark, isStream, isComplete: false, status: 0 };
    const sent = httpRequest(
      `${url}/v1/chat/completions`,
      { method: 'POST', agent, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-request-id': mark } },
      (response) => {
        told.status = response.statusCode ?? 0;
        let text = '';
        response.on('data', (part: Buffer) => (text += String(part)));
        response.on('error', () => undefined);
        response.on('close', () => {
          told.isComplete = told.status === 200 && response.complete && (isStream ? text.endsWith(doneEvent) : text.endsWith('}'));
          resolve(told);
        });
      },
    );
    sent.on('error', () => resolve(told));
    sent.end(JSON.stringify({ model: 'Main/gpt-4o', stream: isStream, messages: [{ role: 'user', content: mark }], ...body }));
  });
}

/** Starts the clients. Half of the requests are streams. */
export function startLoad(key: string): Load {
  const told: Told[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const state: { target: string | null; isRunning: boolean } = { target: null, isRunning: true };
  const client = async (): Promise<void> => {
    while (state.isRunning) {
      const { target } = state;
      if (target === null) {
        await waitMs(5);
        continue;
      }
      const one = await askOnce(target, key, { mark: `mark-${process.pid}-${++marks}`, isStream: marks % 2 === 0 }, agent);
      told.push(one);
      if (one.status === 0) await waitMs(5);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, client));
  return {
    told,
    aim: (url) => void (state.target = url),
    async stop() {
      state.isRunning = false;
      await running;
      agent.destroy();
    },
  };
}
