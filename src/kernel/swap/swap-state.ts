/** The states of a swap: crosvm's, in camelCase. */
export type SwapState =
  | 'ready'
  | 'failed'
  | 'pending'
  | 'trimInProgress'
  | 'swapOutInProgress'
  | 'active'
  | 'swapInInProgress'

/** The commands of a swap: crosvm's. */
export type SwapCommand = 'enable' | 'trim' | 'out' | 'disable'
