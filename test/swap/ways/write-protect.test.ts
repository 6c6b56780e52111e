// Swap on a kernel without `UFFDIO_MOVE`: pages are write-protected, copied and dropped.
import './without-move.js'
import '../crosvm-cases.test.js'
import '../erratic-store.test.js'
import '../restart.test.js'
import '../swap.test.js'
import { longRuns } from '../../support/long-runs.js'

if (longRuns) {
  await import('../bad-store.test.js')
  await import('../memory-file.test.js')
}
