/** Requests one by one: bars of a range, files of a filter, contents that a workspace keeps, and how long rows are kept. */
import type {
  captureChange,
  captureView,
  contentAnswer,
  exportFormats,
  histogramAnswer,
  histogramQuery,
  retentionAnswer,
  retentionChange,
} from '@patchbay/contract/requests';
import type { requestDetail } from '@patchbay/contract/usage';
import type { Envelope } from './people.ts';
import { segment, type Input, type Output, type Transport } from './transport.ts';

export type RequestDetail = Output<typeof requestDetail>['data'];
export type RequestBars = Output<typeof histogramAnswer>['data'];
export type RequestContent = Output<typeof contentAnswer>['data'];
export type RequestBarsFilter = Partial<Output<typeof histogramQuery>>;
export type CaptureView = Output<typeof captureView>;
export type RetentionView = Output<typeof retentionAnswer>['data'];

export interface RequestCalls {
  /** How many requests there were, bar by bar, and how many of them failed. */
  histogram(filter?: RequestBarsFilter, signal?: AbortSignal): Promise<RequestBars>;
  /** One request with each of its attempts, and what policies and limits said of it. */
  get(requestId: string, signal?: AbortSignal): Promise<RequestDetail>;
  /** What was asked and answered, where the workspace keeps it and the caller may read it. */
  content(requestId: string, signal?: AbortSignal): Promise<RequestContent>;
  /** The address of a file of the filter, below that of the server; a browser that is signed in may simply open it. */
  exportPath(filter: RequestBarsFilter, format: (typeof exportFormats)[number]): string;
  /** Whether a workspace keeps the contents of its requests. */
  capture(workspaceId: string, signal?: AbortSignal): Promise<CaptureView>;
  changeCapture(workspaceId: string, change: Input<typeof captureChange>): Promise<CaptureView>;
  /** Throws away all contents that the workspace has kept. */
  forgetContents(workspaceId: string): Promise<void>;
  /** How long rows are kept; for administrators. */
  retention(signal?: AbortSignal): Promise<RetentionView>;
  changeRetention(change: Input<typeof retentionChange>): Promise<RetentionView>;
}

export function requestCalls(transport: Transport): RequestCalls {
  const capturePath = (workspaceId: string): string => `api/workspaces/${segment(workspaceId)}/capture`;
  const retentionPath = 'api/admin/settings/retention';
  return {
    async histogram(filter, signal) {
      return (await transport.call<Envelope<RequestBars>>('GET', 'api/requests/histogram', { query: { ...filter }, signal })).data;
    },
    async get(requestId, signal) {
      return (await transport.call<Envelope<RequestDetail>>('GET', `api/requests/${segment(requestId)}`, { signal })).data;
    },
    async content(requestId, signal) {
      return (await transport.call<Envelope<RequestContent>>('GET', `api/requests/${segment(requestId)}/content`, { signal })).data;
    },
    exportPath(filter, format) {
      const entries = Object.entries({ ...filter, format }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]],
      );
      return `api/requests/export?${new URLSearchParams(entries).toString()}`;
    },
    async capture(workspaceId, signal) {
      return (await transport.call<Envelope<CaptureView>>('GET', capturePath(workspaceId), { signal })).data;
    },
    async changeCapture(workspaceId, change) {
      return (await transport.call<Envelope<CaptureView>>('PUT', capturePath(workspaceId), { body: change })).data;
    },
    async forgetContents(workspaceId) {
      await transport.call('DELETE', `${capturePath(workspaceId)}/contents`);
    },
    async retention(signal) {
      return (await transport.call<Envelope<RetentionView>>('GET', retentionPath, { signal })).data;
    },
    async changeRetention(change) {
      return (await transport.call<Envelope<RetentionView>>('PATCH', retentionPath, { body: change })).data;
    },
  };
}
