/** Which objects of configuration have a history: a list of its own, for pages that need nothing else of the contract. */

/** The objects of configuration that have a history. That of a price is what was ever said of its model: none is changed, one follows another. */
export const revisionTypes = [
  'connection',
  'use-case',
  'routing-group',
  'policy',
  'repository',
  'limit',
  'access-key',
  'ai-settings',
  'alert_rule',
  'template',
  'price',
  'limit-settings',
  'health-settings',
  'retention',
  'alert_channel',
  'mail_server',
  'workspace',
  'workspace-capture',
  'user',
] as const;
export type RevisionType = (typeof revisionTypes)[number];
