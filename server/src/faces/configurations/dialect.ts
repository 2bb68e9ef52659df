/** This face says "configuration" where the house says "connection". The words themselves are kept by the ConfigurationService. */
import type { CreateConfiguration, TestConfiguration } from '@patchbay/contract/configurations';
import type { PageQuery } from '@patchbay/contract/connections';
import { configurationOf, configurationWords, inputOf } from '../../control/configuration-service.ts';
import type { ConnectionInput } from '../../control/connection-input.ts';
import type { Rotation } from '../../control/connection-rotate.ts';
import { testView } from '../../control/connection-test-view.ts';
import type { Language } from '../../domain/owner.ts';

export { configurationOf as fromConnection, configurationWords as words };

export const toInput = (body: Omit<CreateConfiguration, 'templateId' | 'validate'>): ConnectionInput => inputOf(body);

/** A test of unsaved settings needs no model: reaching the provider is worth knowing before one is chosen. */
export const unsavedWords = { ...configurationWords, needsModel: false };

export const toUnsavedInput = ({ id: _id, ...body }: TestConfiguration): ConnectionInput => inputOf(body);

const pageLimitDefault = 25;

/** Pages are counted from 1; without `page` the whole list is answered. */
export const toPage = ({ page, limit }: PageQuery): { offset: number; limit: number } | null => {
  if (page === undefined && limit === undefined) return null;
  const rows = limit ?? pageLimitDefault;
  return { offset: ((page ?? 1) - 1) * rows, limit: rows };
};

export const fromPage = (query: PageQuery, total: number) => {
  const limit = query.limit ?? pageLimitDefault;
  return { page: query.page ?? 1, limit, total, totalPages: Math.max(1, Math.ceil(total / limit)) };
};

export const fromRotation = (rotation: Rotation, language: Language) => ({
  rotatedAt: rotation.rotatedAtMs === null ? null : new Date(rotation.rotatedAtMs).toISOString(),
  keyVersion: rotation.keyVersion,
  ...(rotation.test ? { test: testView(rotation.test, language) } : {}),
});
