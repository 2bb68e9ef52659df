/** Every parameter of Ollama's wire (docs.ollama.com/api): of a chat, and of a text that goes on from a prompt. */
import { onlyOf, parameter, type Parameter } from './parameters.ts';

/** A prompt is asked as a conversation, by which providers of this wire are spoken to as well: what only a prompt can have is lost everywhere. Columns: chat, messages, responses, gemini, ollama, bedrock. */
export const ollamaParameters: ReadonlyMap<string, Parameter> = new Map([
  parameter('context', 'd d d d d d'),
  parameter('format', 'p ra r ra p ra', { idle: [''] }),
  parameter('height', 'd d d d d d'),
  parameter('images', 'p p p p p p'),
  onlyOf('ollama', 'keep_alive'),
  parameter('logprobs', 'pdr d pd p p d', { idle: [false] }),
  parameter('messages', 'p p p p p p'),
  parameter('model', 'p p p p p p', { isOurs: true }),
  parameter('options', 'pdrc pdc pdr pd p pdrc'),
  parameter('prompt', 'p p p p p p'),
  parameter('raw', 'd d d d d d'),
  onlyOf('ollama', 'shift'),
  parameter('steps', 'd d d d d d'),
  parameter('stream', 'p p p p p p', { idle: [true] }),
  parameter('suffix', 'd d d d d d'),
  parameter('system', 'p p p p p p'),
  parameter('template', 'd d d d d d'),
  parameter('think', 'pa prad r rad p rad'),
  parameter('tools', 'pd p p pd p pd'),
  parameter('top_logprobs', 'pdr d pd p p d', { idle: [0] }),
  onlyOf('ollama', 'truncate'),
  parameter('width', 'd d d d d d'),
]);
