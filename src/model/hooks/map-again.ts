import { hookError } from '../../kernel/errors/hook-error.js'
import type { FileOperations } from '../../kernel/file-operations.js'
import { PTE } from '../structs/pte.js'
import type { Vma } from '../structs/vma.js'
import { ModelArea } from './model-area.js'

/** Calls the new hooks' `mmap` for an existing area, after removing the pages that the old driver owned. */
export function mapAgain(vma: Vma, operations: FileOperations): void {
  const { mm } = vma
  mm.tables.visit(vma.start / mm.pageSize, vma.end / mm.pageSize, (_page, table, index) => {
    const page = table.pages[index]
    if (!(table.bits[index]! & PTE.PRESENT) || page?.kind !== 'driver') return
    page.references--
    mm.filePages--
    table.pages[index] = undefined
    table.bits[index] = 0
  })
  const area = ModelArea.of(vma)
  area.hookRunning = true
  mm.hooks++
  try {
    operations.mmap?.(area)
  } catch (error) {
    throw hookError(error, 'mmap')
  } finally {
    area.hookRunning = false
    mm.hooks--
  }
}
