import { openSwapSource } from '#vmarea/pager/swap/program/open-swap-source.js'
import type { SwapWay } from '#vmarea/pager/swap/swap-way.js'
import { thisProcess } from '#vmarea/this-process.js'

/** How pages leave in the swaps of this test. */
export function swapWay(): SwapWay {
  const { userfaultfds } = thisProcess().kernel
  const { source, way } = openSwapSource(userfaultfds, { name: undefined, files: true, deadline: 1000 })
  source.close()
  return way
}
