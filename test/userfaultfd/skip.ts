import { spawnSync } from 'node:child_process'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { UffdFeature } from '#vmarea/vocabulary/uffd-feature.js'
import { kernel } from './memory.js'
import { whyWithout } from './why-without.js'

/** Why userfaultfd tests can't run here, or `false`: the value of a test's `skip`. */
export function skipWithout(...features: UffdFeature[]): string | false {
  return whyWithout(
    bindUserfaultfd(() => kernel),
    features,
  )
}

export function skipWithoutCompiler(): string | false {
  return spawnSync('cc', ['--version']).status !== 0 && 'no C compiler'
}

export function skipUnlessRoot(): string | false {
  return process.getuid?.() !== 0 && 'needs root, to give up privileges'
}
