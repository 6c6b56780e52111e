import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { RawPage } from './raw-page.js'

/** The raw page of a driver's argument. Throws `ERR_VMAREA_INVALID_ARGUMENT` for anything that is not a page. */
export function rawPageOf(page: { asPtr(): RawPage } | RawPage): RawPage {
  if (typeof page === 'object' && page !== null) {
    if ('asPtr' in page) return page.asPtr()
    if ('bytes' in page && 'references' in page) return page
  }
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `a page must be one that device.page() gave, and this is ${showValue(page)}`,
  )
}
