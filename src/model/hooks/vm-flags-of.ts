import { VM } from '../../vocabulary/vm.js'
import { VM_FLAG } from '../structs/vm-flag.js'

const moved = [
  [VM_FLAG.UFFD_MINOR, VM.UFFD_MINOR],
  [VM_FLAG.DROPPABLE, VM.DROPPABLE],
  [VM_FLAG.EXECUTE_ONLY, VM.PKEY_BIT0],
] as const
const inPlace = ~moved.reduce((mask, [bit]) => mask | bit, 0)

/** `vm_flags_t` of a model's flag word, and whether the VMA is sealed. */
export function vmFlagsOf(bits: number, sealed: boolean): bigint {
  let flags = BigInt((bits & inPlace) >>> 0)
  for (const [bit, flag] of moved) if (bits & bit) flags |= flag
  return sealed ? flags | VM.SEALED : flags
}
