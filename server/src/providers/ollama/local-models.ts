/** The models of one machine, as Ollama lists them: what is installed, what is loaded, and what one of them can do. */
import type { InstalledModel } from '../../domain/local-models.ts';
import { finite, isRecord, list, member, text, type Json } from '../shape.ts';

/** A longer list is cut: a machine with more models than this is none that people choose from. */
const installedMax = 2000;
const nameCharsMax = 256;

const idOf = (entry: Json): string => (text(entry['name']) ?? text(entry['model']) ?? '').trim().slice(0, nameCharsMax);
const timeOf = (value: unknown): number | null => {
  const ms = Date.parse(text(value) ?? '');
  return Number.isNaN(ms) ? null : ms;
};
const sizeOf = (value: unknown): number | null => {
  const bytes = finite(value);
  return bytes !== undefined && bytes >= 0 ? Math.round(bytes) : null;
};

/** Installed models (`GET /api/tags`), each once, marked where `GET /api/ps` lists it too. Empty for what is no list. */
export function installedModelsOf(tags: unknown, running: unknown = null): InstalledModel[] {
  const loaded = new Map(
    list(member(running, 'models'))
      .filter(isRecord)
      .map((entry) => [idOf(entry), sizeOf(entry['size_vram'])] as const),
  );
  const found = new Map<string, InstalledModel>();
  for (const entry of list(member(tags, 'models'))) {
    if (found.size >= installedMax) break;
    if (!isRecord(entry)) continue;
    const id = idOf(entry);
    if (id === '' || found.has(id)) continue;
    const details = entry['details'];
    found.set(id, {
      id,
      sizeBytes: sizeOf(entry['size']),
      modifiedAtMs: timeOf(entry['modified_at']),
      digest: text(entry['digest']) ?? null,
      family: text(member(details, 'family')) || null,
      parameterSize: text(member(details, 'parameter_size')) || null,
      quantization: text(member(details, 'quantization_level')) || null,
      isLoaded: loaded.has(id),
      loadedBytes: loaded.get(id) ?? null,
    });
  }
  return [...found.values()];
}

export interface ModelDetails {
  /** `completion`, `tools`, `thinking`, `vision`, `embedding`. */
  capabilities: string[];
  contextWindow: number | null;
  family: string | null;
  parameterSize: string | null;
  quantization: string | null;
}

/** What a model can do (`POST /api/show`). The context length stands under the name of its architecture. */
export function modelDetailsOf(shown: unknown): ModelDetails {
  const info = member(shown, 'model_info');
  const architecture = text(member(info, 'general.architecture')) ?? '';
  const context = finite(member(info, `${architecture}.context_length`));
  const details = member(shown, 'details');
  return {
    capabilities: list(member(shown, 'capabilities')).filter((name): name is string => typeof name === 'string'),
    contextWindow: context !== undefined && Number.isInteger(context) && context > 0 ? context : null,
    family: text(member(details, 'family')) || null,
    parameterSize: text(member(details, 'parameter_size')) || null,
    quantization: text(member(details, 'quantization_level')) || null,
  };
}
