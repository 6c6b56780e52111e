/** Where a pager's thread finds the fault source that the program opened for it. */
export interface FaultSourceAddress {
  readonly name: 'userfaultfd' | 'userfaultfd-user-mode-only' | 'guard'
  /** What the source is known by: the number of a descriptor that is given over. */
  readonly descriptor: number
}
