/** What Ollama's wire tells of models: those that this caller may name, as a server would that had them all. */
import { createHash } from 'node:crypto';
import { refuse } from '../../gateway/errors.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { Json } from '../../providers/shape.ts';
import type { ModelObject } from '../openai/models.ts';

/** Sizes and files are the affair of whoever runs the model; of them nothing is known here. */
const detailsOf = ({ owned_by: family }: ModelObject): Json => ({
  parent_model: '',
  format: '',
  family,
  families: [family],
  parameter_size: '',
  quantization_level: '',
});

const modifiedAt = ({ created }: ModelObject): string => isoOf(created * 1_000);

/** `/api/tags`. A digest tells one model from another, and stays the same. */
export const tagsOf = (models: readonly ModelObject[]): Json => ({
  models: models.map((model) => ({
    name: model.id,
    model: model.id,
    modified_at: modifiedAt(model),
    size: 0,
    digest: createHash('sha256').update(model.id).digest('hex'),
    details: detailsOf(model),
  })),
});

/** What a model can do, in this wire's words; conversations where nothing is known of it. */
function capabilitiesOf({ capabilities }: ModelObject): string[] {
  if (capabilities === null) return ['completion'];
  return [
    'completion',
    ...(capabilities.tools ? ['tools'] : []),
    ...(capabilities.input_modalities.includes('image') ? ['vision'] : []),
    ...(capabilities.reasoning ? ['thinking'] : []),
  ];
}

/** `/api/show`. Throws GatewayRefusal for a model that this caller may not name. */
export function shownOf(models: readonly ModelObject[], id: string): Json {
  const model = models.find((one) => one.id === id);
  if (!model) throw refuse('model_not_found');
  const family = model.owned_by;
  return {
    license: '',
    modelfile: `FROM ${model.id}\n`,
    parameters: '',
    template: '',
    system: '',
    details: detailsOf(model),
    messages: [],
    model_info: {
      'general.architecture': family,
      ...(model.context_window !== null && { [`${family}.context_length`]: model.context_window }),
    },
    capabilities: capabilitiesOf(model),
    modified_at: modifiedAt(model),
  };
}
