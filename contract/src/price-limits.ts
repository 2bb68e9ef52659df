/** The numbers of prices that pages need as well: without a schema, so that no page loads what checks them. */

/** Tiers of one price. */
export const priceTiersMax = 8;
