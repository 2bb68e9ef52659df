/** A start that must not go on although every setting is well-formed; the process ends with exit code 78 and this one line. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}
