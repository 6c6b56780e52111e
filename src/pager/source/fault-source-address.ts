/** Where a pager's thread finds the fault source that the program opened for it. */
export interface FaultSourceAddress {
  readonly name: 'userfaultfd' | 'userfaultfd-user-mode-only' | 'guard'
  /** The number of the descriptor that the thread adopts; -1 for the guard, whose source the thread makes itself. */
  readonly descriptor: number
}
