import { VM, type VmFlagName } from '../../vocabulary/vm.js'
import { VM_FLAG_CODES } from '../../vocabulary/vm-flag-codes.js'

const names = new Map<string, VmFlagName>()
for (const [name, code] of Object.entries(VM_FLAG_CODES)) if (code !== undefined) names.set(code, name as VmFlagName)

/** The name of a flag by its two-letter code; `undefined` for one that this version does not know. */
export function flagOfCode(code: string): VmFlagName | undefined {
  return names.get(code)
}

/** The bits of the flags that codes stand for. */
export function bitsOfCodes(codes: readonly string[]): bigint {
  let bits = 0n
  for (const code of codes) {
    const name = names.get(code)
    if (name !== undefined) bits |= VM[name]
  }
  return bits
}
