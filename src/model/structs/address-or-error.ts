import { addressOf } from './address-of.js'

/** An address as a system call returns it: the last 4095 are error numbers (`IS_ERR_VALUE`), which are negative here as all errors are. */
export function addressOrError(address: bigint): number {
  const signed = BigInt.asIntN(64, address)
  return signed < 0n && signed >= -4095n ? Number(signed) : addressOf(address)
}
