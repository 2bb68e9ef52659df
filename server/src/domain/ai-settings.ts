/** The installation's own answer to what nobody said: limits and temperature of requests that name no model, and the last resort (D-25, C-02). */
import type { ConnectionSettings } from './connection.ts';

export interface AiSettings {
  /** Null leaves it to the provider. */
  maxTokens: number | null;
  temperature: number | null;
  /** The connection that `.env` names answers where nothing else is configured. */
  isEnvironmentUsed: boolean;
  /** Null as long as nobody saved them: then only the last one counts, and the others are what the form begins with. */
  savedAtMs: number | null;
  revision: number;
}

/** What the form begins with (D-25). */
export const aiSettingsDefault: AiSettings = {
  maxTokens: 4096,
  temperature: 0.1,
  isEnvironmentUsed: true,
  savedAtMs: null,
  revision: 0,
};

/** What applies, as settings of a connection; null where nothing does, so that nothing has to be looked at. */
export function appliedOf({ maxTokens, temperature, savedAtMs }: AiSettings): ConnectionSettings | null {
  if (savedAtMs === null || (maxTokens === null && temperature === null)) return null;
  return { ...(maxTokens !== null && { maxTokens }), ...(temperature !== null && { temperature }) };
}

/** A connection's own words go before the installation's. */
export function settingsOver(applied: ConnectionSettings, own: ConnectionSettings): ConnectionSettings {
  const { maxTokens, ...others } = applied;
  return { ...(own['maxOutputTokens'] === undefined || maxTokens === undefined ? applied : others), ...own };
}
