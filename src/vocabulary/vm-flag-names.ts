import { VM, type VmFlagName } from './vm.js'

/** The names of the flags that are set, in the order of their bits: `flagNames(3n)` is `['READ', 'WRITE']`. */
export function flagNames(flags: bigint): VmFlagName[] {
  return (Object.keys(VM) as VmFlagName[]).filter((name) => VM[name] !== 0n && (flags & VM[name]) === VM[name])
}
