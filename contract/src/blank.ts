/** What shows nothing: a name made only of it would be an empty place in every list. Without a library, so that pages ask it too. */

// What the standard lets be drawn as nothing (joiners, fillers, signs of direction), and what it does not call so and is drawn as nothing.
const unseen = /^[\s\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb\u{1d159}]*$/u;

/** Whether nobody would see a character of it. Joiners between others are no fault: emoji, Persian and Indic names need them. */
export const isBlank = (text: string): boolean => unseen.test(text);
