import { ERRNO_RESULT } from '../vocabulary/errno-result.js'
import { VmError } from '../vocabulary/vm-error.js'
import { giveUpPage } from './give-up-page.js'
import type { HeldUserfaultfd } from './held-userfaultfd.js'
import type { PagefaultEvent, UffdEvent } from './uffd-event.js'

/** Calls `handler` for each event: see `Userfaultfd.serve`. */
export async function serveEvents(
  held: HeldUserfaultfd,
  events: AsyncIterable<UffdEvent>,
  handler: (event: UffdEvent) => void | Promise<void>,
  onError: ((error: unknown, event: UffdEvent) => void) | undefined,
): Promise<void> {
  for await (const event of events) {
    try {
      await handler(event)
    } catch (error) {
      if (event.kind === 'pagefault' && isAnswered(held, error, event)) continue
      if (event.kind === 'pagefault') giveUp(held, event)
      if (onError === undefined) throw error
      onError(error, event)
    }
  }
}

/** Whether an error means that the page is present already, or that the answer is retried. */
function isAnswered({ raw, kernel }: HeldUserfaultfd, error: unknown, { address }: PagefaultEvent): boolean {
  if (!(error instanceof VmError)) return false
  if (error.errno === ERRNO_RESULT.EAGAIN) return true // The queue has it already.
  if (error.errno !== ERRNO_RESULT.EEXIST) return false
  // The answer contains the size of the page, which the fault does not.
  const { address: start, length } = error
  if (start !== undefined && length !== undefined && address >= start && address < start + BigInt(length)) {
    raw.wake(start, length)
  } else {
    raw.wake(address & -BigInt(kernel.pageSize), kernel.pageSize)
  }
  return true
}

function giveUp({ raw, kernel }: HeldUserfaultfd, { address, fault }: PagefaultEvent): void {
  const { pageSize } = kernel
  if (fault === 'wp') raw.wake(address & -BigInt(pageSize), pageSize)
  else giveUpPage(raw, address, kernel.pageSizes())
}
