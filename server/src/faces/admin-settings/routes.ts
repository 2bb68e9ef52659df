/** `/api/admin/settings/ai`: what the whole installation says where nobody else does. For administrators. */
import { aiSettingsAnswer, aiSettingsChange, type AiSettingsView } from '@patchbay/contract/ai-settings';
import { changeAiSettings, showAiSettings, type AiSettingsDeps, type ShownAiSettings } from '../../control/ai-settings.ts';
import { isoOrNull } from '../../lib/iso-time.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export type AiSettingsFaceDeps = AiSettingsDeps & PlaneDeps;

function fromSettings({ environmentNamed }: AiSettingsDeps, settings: ShownAiSettings): AiSettingsView {
  const { defaultConnection: found, maxTokens, temperature, isEnvironmentUsed, savedAtMs, revision } = settings;
  return {
    defaultConnectionId: found?.id ?? null,
    defaultConnectionName: found?.name ?? null,
    defaultModel: found?.model ?? null,
    maxTokens,
    temperature,
    environment: environmentNamed && {
      baseUrl: environmentNamed.baseUrl,
      model: environmentNamed.model,
      hasApiKey: environmentNamed.secret !== null,
    },
    isEnvironmentUsed,
    savedAt: isoOrNull(savedAtMs),
    revision,
  };
}

export const routes: readonly Route<AiSettingsFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/settings/ai',
    summary: 'Default model, limits and last resort of the installation',
    access: 'administrator',
    answers: { 200: aiSettingsAnswer },
    statuses: [200, 401, 403],
    async handle(deps: AiSettingsFaceDeps, { reply }) {
      const settings = await showAiSettings(deps);
      tagged(reply, settings.revision);
      return ok({ success: true, data: fromSettings(deps, settings) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/settings/ai',
    summary: 'Change the named settings; they apply from the next request on',
    access: 'administrator',
    body: aiSettingsChange,
    answers: { 200: aiSettingsAnswer },
    statuses: [200, 400, 401, 403, 409],
    async handle(deps: AiSettingsFaceDeps, { actor, origin, request, body, reply }) {
      const { revision: _revision, ...change } = body;
      const expected = expectedOf(request, body, (current: ShownAiSettings) => fromSettings(deps, current));
      const settings = await changeAiSettings(deps, { actor, origin }, change, expected);
      tagged(reply, settings.revision);
      return ok({ success: true, data: fromSettings(deps, settings) });
    },
  }),
];
