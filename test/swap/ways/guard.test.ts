// Swap where userfaultfd is refused: the guard takes the faults, and pages are staged where they are.
import './through-guard.js'
import '../bad-store.test.js'
import '../crosvm-cases.test.js'
import '../erratic-store.test.js'
import '../memory-file.test.js'
import '../restart.test.js'
import '../swap.test.js'
