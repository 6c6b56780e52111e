import type { SwapStatus } from '../../../kernel/swap/swap-status.js'

/** The status in the spelling of crosvm's `swap status`. Its numbers are whole. */
export function crosvmStatus({ state, metrics, stateTransition }: SwapStatus): object {
  return {
    state: state.charAt(0).toUpperCase() + state.slice(1),
    metrics: spelled(metrics),
    state_transition: spelled(stateTransition),
  }
}

function spelled(values: { readonly [name: string]: number }): { readonly [name: string]: number } {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      Math.round(value),
    ]),
  )
}
