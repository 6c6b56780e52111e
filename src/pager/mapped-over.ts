/** A part of a file, as `FaultSource.mapOver` maps it. */
export interface MappedOver {
  readonly descriptor: number
  /** In the file, in bytes. */
  readonly offset: number
  /** `PROT` */
  readonly protection: number
  /** `MAP` */
  readonly flags: number
  /** The first write to a page that is shown read-only faults too. */
  readonly notifyWrites: boolean
}
