// Swap on a kernel without `UFFDIO_MOVE`: pages are write-protected, copied and dropped.
import './without-move.js'
import '../bad-store.test.js'
import '../crosvm-cases.test.js'
import '../erratic-store.test.js'
import '../memory-file.test.js'
import '../restart.test.js'
import '../swap.test.js'
