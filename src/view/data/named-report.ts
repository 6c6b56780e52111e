import type { PagerReport } from '../../vocabulary/reports/pager-report.js'

/** A report as a program sends it. */
export interface NamedReport extends PagerReport {
  /** What the program calls it. */
  readonly name: string
  /** When it was made, in milliseconds since 1970. */
  readonly time: number
}
