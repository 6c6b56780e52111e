import type { FaultSourceName } from '../fault-source-name.js'
import type { OptionRule } from './check-options.js'

const sources: { readonly [name in FaultSourceName]: true } = {
  userfaultfd: true,
  'userfaultfd-user-mode-only': true,
  guard: true,
  model: true,
}

/** A rule for the option `source`. */
export const faultSourceRule: OptionRule = Object.keys(sources)
