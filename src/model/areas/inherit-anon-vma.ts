import type { Vma } from '../structs/vma.js'

/** `dup_anon_vma`: a VMA that absorbs another one takes over its `anon_vma` if it has none of its own. */
export function inheritAnonVma(target: Vma, source: Vma): void {
  if (source.anonVma === undefined || target.anonVma !== undefined) return
  target.anonVma = source.anonVma
  target.chain = source.chain
}
