/** The report of a period as a file, and which of its forms is a page: for both sides of the wire, without the schemas. */

export const reportFilePath = '/api/usage/report/file';

/** The page is what a browser opens by itself; a table is kept. */
export const isReportPage = (query: unknown): boolean => (query as { format?: unknown } | null)?.format === 'html';
