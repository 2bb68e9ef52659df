/** Where a chat completion would go, as a form shows it while an address is typed (C-17). */
import { normaliseBase } from './normalise.ts';
import { protocolOf } from './protocols.ts';
import type { ProviderRow } from './row.ts';

/** Stands for the model in a path that names it, while none is chosen. */
const anyModel = '{model}';

/**
 * The whole address of a chat completion for what was entered; nothing entered means the provider's own address. Null where
 * the entered text is no address, or none is needed because the provider is inside the house.
 */
export function requestUrlOf(row: ProviderRow, entered: string | null, model: string | null): string | null {
  if (row.isInternal) return null;
  try {
    const { baseUrl, origin } = normaliseBase(row, entered);
    const path = protocolOf(row).chatPath({ row, baseUrl, settings: {}, model: model ?? anyModel }, false);
    return `${origin}${path}`.replaceAll(encodeURIComponent(anyModel), anyModel);
  } catch {
    return null;
  }
}
