import { UsageError } from '../vocabulary/usage-error.js'

/** The checked option for pages that were not served. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function missingPages(missing: 'poison' | 'zero' = 'poison'): 'poison' | 'zero' {
  if (missing === 'poison' || missing === 'zero') return missing
  throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `missing pages become 'poison' or 'zero', not ${String(missing)}`)
}
