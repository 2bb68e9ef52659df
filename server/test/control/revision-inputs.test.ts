/** From a kept state to what a person would have entered: each kind of object on its own, and whatever a state names. */
import { describe, expect, test } from 'vitest';
import { alertRuleInput } from '../../src/control/alert-rule-states.ts';
import { priceInput, priceState } from '../../src/control/price-states.ts';
import {
  accessKeyInput,
  aiSettingsInput,
  connectionInput,
  groupInput,
  healthSettingsInput,
  limitInput,
  limitSettingsInput,
  namedConnections,
  policyInput,
  repositoryInput,
  templateInput,
  useCaseInput,
} from '../../src/control/revision-inputs.ts';

describe('a state becomes an input', () => {
  test('of a template and of the settings of the house: what can be entered, and nothing else', () => {
    const template = { name: 'n', description: null, configuration: { model: 'm' }, isDefault: true };
    expect(templateInput({ ...template, providerId: 'openai', id: 'x' })).toEqual(template);
    expect(limitSettingsInput({ timeZone: 'UTC', outputTokensCeiling: null, revision: 3 })).toEqual({
      timeZone: 'UTC',
      outputTokensCeiling: null,
    });
    expect(healthSettingsInput({ everyS: 0, way: 'models', revision: 3 })).toEqual({ everyS: 0, way: 'models' });
  });

  test('of a price: the same figures to the nano-dollar, from now on, or from a moment that is still to come', () => {
    const prices = { input: 2_500_000_001, output: 10_000_000_000, cacheRead: 0, audioInput: 32_000_000_000, cacheAudioRead: 400_000_000 };
    const price = { id: 'p', provider: 'openai', model: 'm', connectionId: null, validFromMs: 1_000, validUntilMs: null, tiers: [{ fromTokensIn: 0, prices }], note: 'n' }; // prettier-ignore
    const state = priceState(price);
    const tiers = [{ fromTokensIn: 0, input: '2.500000001', output: '10', cacheRead: '0', audioInput: '32', cacheAudioRead: '0.4' }];
    expect(state).toMatchObject({ tiers, validFrom: '1970-01-01T00:00:01.000Z', validUntil: null });
    expect(state).not.toHaveProperty('id');
    const entered = { provider: 'openai', model: 'm', connectionId: null, tiers, note: 'n', validUntilMs: null, isConfirmed: true };
    expect(priceInput(state, 1_000)).toEqual(entered);
    expect(priceInput(state, 999)).toEqual({ ...entered, validFromMs: 1_000 });
    expect(priceInput(priceState({ ...price, validUntilMs: 5_000 }), 2_000).validUntilMs).toBe(5_000);
  });

  test('of a connection, with all that people set and never a secret', () => {
    const state = {
      name: 'n',
      providerId: 'openai',
      model: null,
      baseUrl: null,
      settings: { timeout: 1 },
      isActive: false,
      isDefault: true,
    };
    expect(connectionInput({ ...state, sealed: { secret: 'v1.box' }, secret: 'sk' })).toEqual(state);
  });

  test('of a use case: all roles, or those that were named', () => {
    const state = {
      name: 'n', description: '', connectionId: 'c', model: null, systemPrompt: 'p', baseKnowledge: '', temperature: null, maxTokens: 5,
      allowedRoles: null, priority: 2, fallbackIds: ['d'], inject: { user: true, time: false, page: false }, isActive: true,
    }; // prettier-ignore
    const input = useCaseInput(state);
    expect(input).toMatchObject({
      allRoles: true,
      fallbackConnectionIds: ['d'],
      injectContext: state.inject,
      temperature: null,
      connectionId: 'c',
    });
    expect(input).not.toHaveProperty('allowedRoles');
    const named = useCaseInput({ ...state, allowedRoles: ['manager'], connectionId: null });
    expect(named).toMatchObject({ allowedRoles: ['manager'] });
    expect(named).not.toHaveProperty('allRoles');
    // It was unbound by force: there is nothing to bind it to.
    expect(named).not.toHaveProperty('connectionId');
  });

  test('of a routing group: money in dollars again, to the nano-dollar', () => {
    const targets = [{ connectionId: 'c', model: null, weight: 3, isEnabled: true, region: null }];
    const options = {
      stickyBy: 'session',
      hedgeMaxNanoUsd: 10_000_001,
      priceWeight: 1,
      latencyWeight: 2,
      exploration: 0.1,
      cacheSeconds: 0,
    };
    const state = { name: 'n', strategy: 'weighted', options, targets, isActive: true };
    expect(groupInput(state)).toMatchObject({ options: { hedgeMaxUsd: '0.010000001', latencyWeight: 2 }, targets });
    expect(groupInput({ ...state, options: { ...options, hedgeMaxNanoUsd: null } }).options).toMatchObject({ hedgeMaxUsd: null });
    expect(groupInput(state).options).not.toHaveProperty('hedgeMaxNanoUsd');
  });

  test('of a policy, without its place: that is fixed', () => {
    const said = {
      name: 'n',
      content: 'c',
      risk: 'LOW',
      action: 'log',
      side: 'both',
      rules: { keywords: ['x'] },
      judge: null,
      isActive: true,
    };
    expect(policyInput({ ...said, level: 'organization', workspaceId: null, repositoryId: null })).toEqual(said);
  });

  test('of a repository', () => {
    expect(repositoryInput({ name: 'n', connectionIds: ['a', 'b'] })).toEqual({ name: 'n', connectionIds: ['a', 'b'] });
  });

  test('of a limit: money in dollars, everything else as it is, never its subject', () => {
    const state = {
      subjectKind: 'workspace',
      subjectId: 'w',
      kind: 'money',
      period: 'day',
      value: 2_500_000_000,
      softPercent: 80,
      isShadow: false,
    };
    expect(limitInput(state)).toEqual({ value: '2.5', softPercent: 80, isShadow: false });
    expect(limitInput({ ...state, kind: 'requests', value: 7, softPercent: null })).toEqual({
      value: 7,
      softPercent: null,
      isShadow: false,
    });
  });

  test('of an access key, also of one that had no cache then', () => {
    const state = { name: 'n', models: ['gpt-4o'], rpm: 5, tpm: null, budgetNanoUsd: 1, cacheS: 60, expiresAtMs: null, repositoryId: 'r' };
    expect(accessKeyInput(state)).toEqual({
      name: 'n',
      models: ['gpt-4o'],
      rpm: 5,
      tpm: null,
      budgetUsd: '0.000000001',
      cacheSeconds: 60,
      expiresAtMs: null,
    });
    const { cacheS: _cache, ...older } = state;
    expect(accessKeyInput({ ...older, models: null, budgetNanoUsd: null })).toMatchObject({
      cacheSeconds: null,
      models: null,
      budgetUsd: null,
    });
  });

  test('of the AI settings', () => {
    const state = { defaultConnectionId: 'c', maxTokens: 5, temperature: 0.5, isEnvironmentUsed: false };
    expect(aiSettingsInput({ ...state, more: 1 })).toEqual(state);
  });

  test('of an alert rule: its value in the unit that people enter', () => {
    const rule = {
      owner: { scope: 'organization', id: 'o' }, name: 'n', kind: 'spend', threshold: { value: 3_000_000_000, windowS: 3600 }, connectionId: null,
      severity: 'warning', channelIds: null, repeatS: null, cooldownS: 60, isAutoResolved: true, mutedUntilMs: 5, isActive: true,
    }; // prettier-ignore
    const input = alertRuleInput(rule);
    expect(input).toMatchObject({ name: 'n', value: '3', windowS: 3600, cooldownS: 60, isActive: true });
    expect(input).not.toHaveProperty('mutedUntilMs');
    expect(alertRuleInput({ ...rule, kind: 'policy', threshold: {} })).not.toHaveProperty('value');
  });
});

describe('the connections that a state names', () => {
  test('are found wherever it names them, each at its place', () => {
    const state = {
      connectionId: 'a',
      defaultConnectionId: 'b',
      judge: { connectionId: 'c', model: 'm' },
      connectionIds: ['d', 'e'],
      fallbackIds: ['f'],
      targets: [{ connectionId: 'g' }, { connectionId: 'h' }],
    };
    expect(namedConnections(state)).toEqual([
      { path: 'connectionId', id: 'a' },
      { path: 'defaultConnectionId', id: 'b' },
      { path: 'judge.connectionId', id: 'c' },
      { path: 'connectionIds.0', id: 'd' },
      { path: 'connectionIds.1', id: 'e' },
      { path: 'fallbackIds.0', id: 'f' },
      { path: 'targets.0.connectionId', id: 'g' },
      { path: 'targets.1.connectionId', id: 'h' },
    ]);
  });

  test('are none where it names none', () => {
    expect(namedConnections({ connectionId: null, judge: null, targets: [], name: 'n' })).toEqual([]);
    expect(namedConnections({})).toEqual([]);
  });
});
