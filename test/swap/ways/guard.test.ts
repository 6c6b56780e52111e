// Swap where userfaultfd is refused: the guard takes the faults, and pages are staged where they are.
import './through-guard.js'
import '../crosvm-cases.test.js'
import '../erratic-store.test.js'
import '../restart.test.js'
import '../swap.test.js'
import { longRuns } from '../../support/long-runs.js'

if (longRuns) {
  await import('../bad-store.test.js')
  await import('../memory-file.test.js')
}
