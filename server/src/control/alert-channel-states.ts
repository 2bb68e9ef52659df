/** What the history of an alert channel keeps, never what it sends with; and from a kept state back to what a person would have entered. */
import type { AlertChannel, ChannelSettings } from '../domain/alert.ts';
import { Refusal } from '../domain/errors.ts';
import type { ObjectState } from '../storage/object-revisions.ts';

/** In the place of what is sealed: an address may hold a token in its path, so all of it is, and only where it leads is told. */
const mask = '***';

export function channelState({ name, kind, settings, origin, language, timeZone, isActive }: AlertChannel): ObjectState {
  return { name, kind, settings, origin, secret: kind === 'email' ? null : mask, language, timeZone, isActive };
}

/**
 * The secret that a channel has stays with it, and leads where it leads: no history could bring another one back.
 * @throws Refusal SECRET_REQUIRED_FOR_NEW_ORIGIN where the state led elsewhere
 */
export function channelInput(present: Pick<AlertChannel, 'origin'>, state: ObjectState) {
  const { name, settings, origin, language, timeZone, isActive } = state as unknown as AlertChannel & { settings: ChannelSettings };
  if (origin !== present.origin)
    throw new Refusal('SECRET_REQUIRED_FOR_NEW_ORIGIN', {
      values: { origin: present.origin },
      details: [{ path: 'url', code: 'required_for_new_origin', message: `enter the address again: it led to ${origin} then` }],
    });
  return { name, ...settings, language, timeZone, isActive, isWhole: true as const };
}
