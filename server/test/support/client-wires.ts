/** A running house with fake vendors of every family behind it, and the official clients of the wires that it offers. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { createWorkspace } from '../../src/control/workspaces.ts';
import { openRig, type Rig, type RigOptions } from '../gateway/rig.ts';
import { startFakeProvider, type Answer, type FakeProvider } from './fake-provider.ts';

export interface Family {
  /** Of the connection; a model behind it is asked for as `<name>/<model>`. */
  name: string;
  fake: FakeProvider;
}

export interface WireHouse {
  rig: Rig;
  key: string;
  /** By the provider whose wire they speak. */
  families: Record<'openai' | 'anthropic' | 'gemini' | 'responses', Family>;
  messages: Anthropic;
  responses: OpenAI;
  answer(family: keyof WireHouse['families'], ...answers: Answer[]): void;
  /** The body of the last call that a family received. */
  lastBody(family: keyof WireHouse['families']): Record<string, unknown>;
  /** A workspace that the same person is in: another owner. */
  workspaceId(): Promise<string>;
  close(): Promise<void>;
}

/** Starts everything. Nothing is repeated by the clients, so that a test sees each answer. */
export async function openWireHouse(options: RigOptions = {}): Promise<WireHouse> {
  const rig = await openRig(options);
  const fakes = await Promise.all([startFakeProvider(), startFakeProvider(), startFakeProvider(), startFakeProvider()]);
  const [openai, anthropic, gemini, responses] = fakes;
  await rig.connect({ name: 'Chat', baseUrl: openai.baseUrl, settings: { wire: 'chat' }, isDefault: true });
  await rig.connect({ name: 'Claude', providerId: 'anthropic', baseUrl: anthropic.baseUrl, model: 'claude-sonnet-4-5' });
  await rig.connect({ name: 'Gem', providerId: 'gemini', baseUrl: gemini.baseUrl, model: 'gemini-2.5-pro' });
  await rig.connect({ name: 'Resp', baseUrl: responses.baseUrl, settings: { wire: 'responses' } });
  const { text: key } = await rig.issueKey();
  const families = {
    openai: { name: 'Chat', fake: openai },
    anthropic: { name: 'Claude', fake: anthropic },
    gemini: { name: 'Gem', fake: gemini },
    responses: { name: 'Resp', fake: responses },
  };
  return {
    rig,
    key,
    families,
    messages: new Anthropic({ apiKey: key, baseURL: rig.url, maxRetries: 0 }),
    responses: new OpenAI({ apiKey: key, baseURL: `${rig.url}/v1`, maxRetries: 0 }),
    answer(family, ...answers) {
      families[family].fake.received.length = 0;
      families[family].fake.answer(...answers);
    },
    lastBody: (family) => families[family].fake.received.at(-1)?.json ?? {},
    workspaceId: async () => (await createWorkspace(rig.deps, rig.caller, `W ${rig.deps.ids.uuid()}`)).id,
    async close() {
      await rig.close();
      await Promise.all(fakes.map((fake) => fake.close()));
    },
  };
}
