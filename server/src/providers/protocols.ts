/** Which protocol a provider's row speaks. */
import { anthropic } from './anthropic/protocol.ts';
import { bedrock } from './bedrock/protocol.ts';
import { gemini } from './gemini/protocol.ts';
import { ollama } from './ollama/protocol.ts';
import { openai } from './openai/protocol.ts';
import { responses } from './responses/protocol.ts';
import type { Protocol } from './protocol.ts';
import type { ProviderRow } from './row.ts';

const protocols: Record<ProviderRow['protocol'], Protocol> = { openai, anthropic, gemini, ollama, bedrock, responses };

export const protocolOf = (row: ProviderRow): Protocol => protocols[row.protocol];
