/** How long a password may be, as the server counts it. */
export const passwordChars = { min: 8, max: 128 };
