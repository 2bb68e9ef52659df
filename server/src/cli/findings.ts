/** What `patchbay doctor` found: about what, how bad it is, and what to do. */
export interface Finding {
  about: 'settings' | 'port' | 'disk' | 'files' | 'database' | 'valkey' | 'clock' | 'master key' | 'egress';
  /** `note`: worth knowing, and no reason not to start. */
  verdict: 'ok' | 'note' | 'wrong';
  text: string;
}
