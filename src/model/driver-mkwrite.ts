import { hookError } from '../kernel/hook-error.js'
import { FAULT } from './fault-code.js'
import { ModelArea } from './model-area.js'
import type { Page } from './page.js'
import type { Vma } from './vma.js'

/**
 * `do_page_mkwrite`: asks a driver whether a page of a shared area, which is there, may be written. A hook that is asynchronous is
 * told an error: the kernel calls it with the page locked, and the model has nobody who could wait there.
 */
export function driverMkwrite(vma: Vma, number: number, page: Page): number {
  const { mm } = vma
  const inode = vma.file?.inode
  const hook = inode?.operations?.pageMkwrite
  if (hook === undefined) return FAULT.DONE
  try {
    const answer = hook.call(inode!.operations, {
      area: ModelArea.of(vma),
      address: BigInt(number * mm.pageSize),
      offset: (vma.pgoff + number - vma.start / mm.pageSize) * mm.pageSize,
      write: true,
      bytes: page.bytes,
      answer() {
        throw new TypeError('a page_mkwrite hook has its page already')
      },
      signal: new AbortController().signal,
    })
    if (answer instanceof Promise) {
      answer.catch(() => {})
      throw new TypeError('the page_mkwrite hook of a modelled device must be synchronous')
    }
    return FAULT.DONE
  } catch (error) {
    mm.driverError = hookError(error, 'page_mkwrite')
    return FAULT.NO_PAGE
  }
}
