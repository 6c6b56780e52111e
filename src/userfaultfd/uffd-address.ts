/** An address. A number, exact below 2^53, spares a loop the bigint. */
export type UffdAddress = bigint | number
