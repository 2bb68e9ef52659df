/** Which protocol a provider's row speaks. */
import { anthropic } from './anthropic/protocol.ts';
import { gemini } from './gemini/protocol.ts';
import { openai } from './openai/protocol.ts';
import type { Protocol } from './protocol.ts';
import type { ProviderRow } from './row.ts';

const protocols: Record<ProviderRow['protocol'], Protocol> = { openai, anthropic, gemini };

export const protocolOf = (row: ProviderRow): Protocol => protocols[row.protocol];
