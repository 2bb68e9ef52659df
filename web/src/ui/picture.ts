/** What makes an inline drawing one picture to those who listen: there is no tag for it, only a role. Give it a name beside it. */
export const picture = { role: 'img' } as const;
