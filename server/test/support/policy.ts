/** A policy for tests: covers unless it is said otherwise. */
import type { Policy, PolicyRules } from '../../src/domain/policy.ts';

export const policyWith = (rules: PolicyRules, more: Partial<Policy> = {}): Policy => ({
  id: '018f0000-0000-7000-8000-00000000a001',
  level: 'organization',
  workspaceId: null,
  repositoryId: null,
  name: 'Policy',
  content: '',
  risk: 'LOW',
  action: 'redact',
  side: 'both',
  rules,
  judge: null,
  isActive: true,
  createdBy: null,
  updatedBy: null,
  createdAtMs: 0,
  updatedAtMs: 0,
  revision: 1,
  ...more,
});
