import type { SwapState } from '../../kernel/swap/swap-state.js'
import type { SwapStatistics } from '../../kernel/swap/swap-statistics.js'
import type { SwapStatus } from '../../kernel/swap/swap-status.js'

/** What a swap's `status()` returns. */
export function swapStatusOf(
  state: SwapState,
  statistics: SwapStatistics,
  transition: { readonly pages: number; readonly milliseconds: number },
): SwapStatus {
  const { residentPages, copiedFromFilePages, copiedFromStagingPages, zeroedPages, redundantPages } = statistics
  const { stagingPages, swapPages } = statistics
  return {
    state,
    metrics: {
      residentPages,
      copiedFromFilePages,
      copiedFromStagingPages,
      zeroedPages,
      redundantPages,
      stagingPages,
      swapPages,
    },
    stateTransition: { pages: transition.pages, timeMs: transition.milliseconds },
  }
}
