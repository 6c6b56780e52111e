import { spawnSync } from 'node:child_process'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { UffdFeature } from '#vmarea/vocabulary/uffd-feature.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { kernel } from './memory.js'

/** Why userfaultfd tests can't run here, or `false`: the value of a test's `skip`. */
export function skipWithout(...features: UffdFeature[]): string | false {
  try {
    const support = bindUserfaultfd(() => kernel).support({ userModeOnly: false })
    const lacking = features.filter((feature) => !support.features.has(feature))
    return lacking.length > 0 && `this kernel's userfaultfd has no ${lacking.join(', ')}`
  } catch (error) {
    if (error instanceof VmError) return `userfaultfd is refused here: ${error.message}`
    throw error
  }
}

export function skipWithoutCompiler(): string | false {
  return spawnSync('cc', ['--version']).status !== 0 && 'no C compiler'
}

export function skipUnlessRoot(): string | false {
  return process.getuid?.() !== 0 && 'needs root, to give up privileges'
}
