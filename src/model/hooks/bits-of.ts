import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VM } from '../../vocabulary/vm.js'
import { VM_FLAG } from '../structs/vm-flag.js'

const known = Object.entries(VM_FLAG)
  .filter(([name]) => name in VM)
  .map(([name, bit]) => [VM[name as keyof typeof VM], bit] as const)

/** The model's flag word for `vm_flags_t`. Throws `ERR_VMAREA_UNSUPPORTED` for a flag that the model does not have. */
export function bitsOf(flags: bigint): number {
  let bits = 0
  let rest = flags
  for (const [flag, bit] of known) {
    if ((flags & flag) === 0n) continue
    bits |= bit
    rest &= ~flag
  }
  if (rest !== 0n) throw new UsageError('ERR_VMAREA_UNSUPPORTED', `the model has no VMA flag ${hex(rest)}`)
  return bits
}
