/** What the build makes of the messages: the address of a language's texts, and the words that the palette finds things by. */
declare module 'texts:*' {
  const address: string;
  export default address;
}
declare module 'words:*' {
  const words: Readonly<Record<'nav' | 'command', Readonly<Record<string, string>>>>;
  export default words;
}
