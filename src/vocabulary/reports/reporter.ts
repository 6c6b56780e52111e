import type { PagerReport } from './pager-report.js'

/** What `offerStatistics` can show: a `Device`, a `Swap`, a `Guest`, or a pager of the program's own. */
export interface Reporter {
  /** Its counters now. */
  report(): PagerReport
}
