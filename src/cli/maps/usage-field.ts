import type { VmaUsageField } from '../../vocabulary/vma-usage.js'

/** The field of smaps that a column shows: `shared-clean` is `sharedClean`. */
export function usageField(column: string): VmaUsageField {
  return column.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as VmaUsageField
}
