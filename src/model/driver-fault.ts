import { hookError } from '../kernel/hook-error.js'
import type { RawPage } from '../kernel/raw-page.js'
import { FAULT } from './fault-code.js'
import { ModelArea } from './model-area.js'
import { Page } from './page.js'
import { PendingFault } from './pending-fault.js'
import { PTE } from './pte.js'
import type { Vma } from './vma.js'

/**
 * `__do_fault` on a driver's memory: asks its `fault` hook for the page at `pgoff` of the device. Without a hook there is none
 * (`SIGBUS`); one that answers later makes the access wait.
 */
export function driverFault(vma: Vma, number: number, pgoff: number, write: boolean): Page | number {
  const { mm, file } = vma
  const { inode } = file!
  const hook = inode.operations!.fault
  if (hook === undefined) return FAULT.NO_PAGE
  if (pgoff >= inode.length) return FAULT.NO_PAGE
  const waiting = inode.pending.get(pgoff)
  if (waiting !== undefined) {
    mm.waitsFor = waiting.promise
    if (!waiting.done) return FAULT.WAITS
    inode.pending.delete(pgoff)
    return outcome(vma, waiting, pgoff)
  }
  const pending = new PendingFault()
  mm.readers++
  try {
    const answer = hook.call(inode.operations, {
      area: ModelArea.of(vma),
      address: BigInt(number * mm.pageSize),
      offset: pgoff * mm.pageSize,
      write,
      get bytes() {
        return inode.page(pgoff).bytes
      },
      answer(page: RawPage) {
        pending.page = page
      },
      signal: pending.abort.signal,
    })
    if (answer instanceof Promise) {
      inode.pending.set(pgoff, pending.until(answer))
      mm.waitsFor = pending.promise
      return FAULT.WAITS
    }
  } catch (error) {
    pending.error = { cause: error }
  } finally {
    mm.readers--
  }
  // VM_FAULT_NOPAGE: the hook has put a page there itself.
  if (pending.error === undefined && mm.tables.bits(number) & PTE.PRESENT) return FAULT.DONE
  return outcome(vma, pending, pgoff)
}

function outcome({ mm, file }: Vma, { error, page }: PendingFault, pgoff: number): Page | number {
  if (error !== undefined) {
    mm.driverError = hookError(error.cause, 'fault')
    return FAULT.NO_PAGE
  }
  if (page === undefined) return file!.inode.page(pgoff)
  if (page instanceof Page && page.references > 0 && !page.orphaned && page.kind !== 'anonymous') return page
  mm.driverError = hookError(
    new TypeError('the fault hook answered with something that is no page of its own'),
    'fault',
  )
  return FAULT.NO_PAGE
}
