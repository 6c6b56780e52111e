/** An address. A number, exact below 2^53, saves a loop the allocation of a bigint. */
export type UffdAddress = bigint | number
