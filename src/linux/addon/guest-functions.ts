/** What the addon has for guests: `native/guests/`. */
export interface GuestFunctions {
  socketBind(path: string): number
  socketStartListening(descriptor: number, most: number): number
  socketPeerUser(descriptor: number): number
  socketPeerProcess(descriptor: number): number
  pidfdOpen(pid: number): number
  pidfdGet(pidfd: number, descriptor: number): number
  pidfdSignal(pidfd: number, signal: number): number

  /** The function is called when there are reports to take. */
  guestListen(listener: () => void): number
  /** Four numbers a report. Returns how many. */
  guestTakeReports(into: Float64Array): number
  guestKeep(alive: boolean): number
  /** Takes the descriptors over. Four numbers a region. */
  guestOpen(
    descriptor: number,
    pidfd: number,
    pid: number,
    log: number,
    onFailure: number,
    regions: Float64Array,
  ): number
  /** Two addresses a range. */
  guestMark(guest: number, state: number, ranges: Float64Array): number
  guestWakeAll(guest: number): number
  /** Five numbers a segment. */
  guestServe(guest: number, segments: Float64Array, options: Float64Array): number
  guestPrefetch(guest: number, ranges: Float64Array): number
  guestStatistics(guest: number, into: Float64Array): number
  guestTakeRecord(guest: number, into: Float64Array): number
  guestStates(guest: number, into: Uint8Array): number
  guestLeave(guest: number): number
  /** A report comes when they are there. */
  guestAskForDirty(guest: number, reset: boolean): number
  /** A bit a page, the lowest of a byte first. Returns how many bytes there are. */
  guestTakeDirty(guest: number, into: Uint8Array): number
  /** The two descriptors are in the sharedResults. */
  keeperSockets(): number
  guestGiveToKeeper(guest: number, socket: number): number
  guestForget(guest: number): number
  /** The size is in the sharedResults. */
  guestMapFile(descriptor: number): number
  guestForgetFile(file: number): number
  /** The number is in the sharedResults. */
  guestOpenScript(slotSize: number, slots: number): ArrayBuffer | number
  guestCloseScript(script: number): number
  guestAnswerRead(script: number, slot: number, errno: number): number
}
