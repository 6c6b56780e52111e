import { VM } from '../vocabulary/vm.js'
import { BIT } from './bit.js'

const moved = [
  [BIT.UFFD_MINOR, VM.UFFD_MINOR],
  [BIT.DROPPABLE, VM.DROPPABLE],
  [BIT.EXECUTE_ONLY, VM.PKEY_BIT0],
] as const
const inPlace = ~moved.reduce((mask, [bit]) => mask | bit, 0)

/** `vm_flags_t` of a model's flag word, and whether the VMA is sealed. */
export function vmFlagsOf(bits: number, sealed: boolean): bigint {
  let flags = BigInt((bits & inPlace) >>> 0)
  for (const [bit, flag] of moved) if (bits & bit) flags |= flag
  return sealed ? flags | VM.SEALED : flags
}
