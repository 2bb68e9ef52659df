/** The shapes of the models that live on a connection's own machine. */
import { z } from 'zod';
import { isoTime } from './connections.ts';
import { pathId, plainText } from './text.ts';

/** `llama3.2`, `llama3.2:1b`, `hf.co/maker/model:Q4_K_M`. */
export const localModelName = plainText(1, 200).regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/);

export const pullBody = z.strictObject({ model: localModelName });
/** In a path whatever is no name names nothing. */
export const localModelParams = z.object({ id: pathId, name: z.string() });

export const localModel = z.object({
  id: z.string(),
  sizeBytes: z.number().nullable(),
  modifiedAt: isoTime.nullable(),
  digest: z.string().nullable(),
  family: z.string().nullable(),
  parameterSize: z.string().nullable(),
  quantization: z.string().nullable(),
  isLoaded: z.boolean(),
  /** Bytes in the memory of the graphics card; null where it is not loaded. */
  loadedBytes: z.number().nullable(),
});
export type LocalModel = z.output<typeof localModel>;

export const localModelsAnswer = z.object({ success: z.literal(true), data: z.array(localModel) });
