/** What a price may say besides input and output, in the order in which it is shown. What is not said falls back as the fields of a tier tell. */
export const furtherPrices = [
  'cacheRead',
  'cacheWrite',
  'cacheWriteHour',
  'audioInput',
  'audioOutput',
  'cacheAudioRead',
  'perRequest',
] as const;
