/** A row's quirks applied to a request: what is renamed, dropped or moved into bounds, each reported. */
import type { Change } from '../../domain/ledger.ts';
import type { ModelDrop, Offer, ProviderRow } from '../row.ts';
import { member } from '../shape.ts';
import { saysNothing } from '../unread-fields.ts';
import { adaptMessages } from './message-quirks.ts';

function rename(names: Readonly<Record<string, string>>, body: Record<string, unknown>, changed: Change[]): void {
  for (const [from, to] of Object.entries(names)) {
    const value = body[from];
    if (value === undefined) continue;
    delete body[from];
    if (body[to] === undefined) {
      body[to] = value;
      changed.push({ parameter: from, what: 'renamed', to });
      continue;
    }
    // Both names were given: the provider's own stays.
    if (body[to] !== value) changed.push({ parameter: from, what: 'dropped' });
  }
}

function drop(names: readonly string[], body: Record<string, unknown>, changed: Change[]): void {
  for (const parameter of names) {
    const value = body[parameter];
    if (value === undefined) continue;
    delete body[parameter];
    // Nothing is lost with a null or with the one answer that everybody gets.
    if (!saysNothing(parameter, value)) changed.push({ parameter, what: 'dropped' });
  }
}

function clamp(row: ProviderRow, body: Record<string, unknown>, changed: Change[]): void {
  for (const [parameter, bound] of Object.entries(row.limits)) {
    const value = body[parameter];
    if (typeof value !== 'number') continue;
    const within = Math.min(bound.max ?? value, Math.max(bound.min ?? value, value));
    if (within === value) continue;
    body[parameter] = within;
    changed.push({ parameter, what: 'clamped', to: String(within) });
  }
}

/** A value that the provider does not know becomes the nearest one that it does, or goes. */
function replaceValues(row: ProviderRow, body: Record<string, unknown>, model: string, changed: Change[]): void {
  for (const { field, models, to } of row.values) {
    const value = body[field];
    if (value === undefined || value === null || (models && !models.test(bareModel(model)))) continue;
    const named = typeof value === 'string' && Object.hasOwn(to, value);
    if (!named && !Object.hasOwn(to, '*')) continue;
    const nearest = to[named ? value : '*'];
    if (nearest === value) continue;
    if (typeof nearest === 'string') {
      body[field] = nearest;
      changed.push({ parameter: field, what: 'approximated', to: nearest });
    } else drop([field], body, changed);
  }
}

/** `logprobs: true, top_logprobs: 5` is `logprobs: 5` for those who count; the flag alone asks for the chosen token's. */
function countLogprobs(row: ProviderRow, body: Record<string, unknown>, changed: Change[]): void {
  if (row.logprobs !== 'count') return;
  const top = body['top_logprobs'];
  const isWanted = body['logprobs'] === true;
  if (!isWanted) {
    drop(['top_logprobs'], body, changed);
    if (body['logprobs'] === false) delete body['logprobs'];
    return;
  }
  delete body['top_logprobs'];
  const alternatives = typeof top === 'number' && top > 0 ? top : 1;
  body['logprobs'] = alternatives;
  const parameter = saysNothing('top_logprobs', top) ? 'logprobs' : 'top_logprobs';
  changed.push({ parameter, what: 'renamed', to: `logprobs=${alternatives}` });
}

/** TRUE where the rule holds for this request: some fields are lost only while the model thinks. */
const holds = ({ models, whileThinking }: ModelDrop, body: Record<string, unknown>, model: string): boolean =>
  models.test(bareModel(model)) && !(whileThinking === true && member(body['thinking'], 'type') === 'disabled');

/** `maker/model` and `model` are the same model. */
export const bareModel = (model: string): string => model.slice(model.lastIndexOf('/') + 1).toLowerCase();

/** Changes a body in place for its provider, and says what changed. Fields that the row does not name stay as they are. */
export function applyQuirks(row: ProviderRow, body: Record<string, unknown>, model: string): Change[] {
  const changed: Change[] = [];
  rename(row.rename, body, changed);
  drop(row.drop, body, changed);
  for (const refused of row.modelDrops) if (holds(refused, body, model)) drop(refused.drop, body, changed);
  replaceValues(row, body, model, changed);
  countLogprobs(row, body, changed);
  clamp(row, body, changed);
  const messages = adaptMessages(row, body['messages'], changed);
  if (messages !== body['messages']) body['messages'] = messages;
  return changed;
}

/** The same for an operation besides conversations. */
export function applyOffer(offer: Offer, body: Record<string, unknown>): Change[] {
  const changed: Change[] = [];
  rename(offer.rename ?? {}, body, changed);
  drop(offer.drop ?? [], body, changed);
  return changed;
}
