import type { UserfaultfdCalls } from '../../../kernel/userfaultfd-calls.js'
import type { FaultSourceName } from '../../../vocabulary/fault-source-name.js'
import { UFFD_FEATURE } from '../../../vocabulary/uffd-feature.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { openFaultSource } from '../../source/open-fault-source.js'
import type { OpenedFaultSource } from '../../source/opened-fault-source.js'
import type { SwapWay } from '../swap-way.js'

const COMMON = UFFD_FEATURE.EVENT_REMAP | UFFD_FEATURE.EVENT_UNMAP | UFFD_FEATURE.THREAD_ID | UFFD_FEATURE.POISON

/** The features by which private memory leaves. With `EVENT_REMOVE` the serving thread can't drop a page itself. */
const FEATURES = {
  move: COMMON | UFFD_FEATURE.EVENT_REMOVE | UFFD_FEATURE.MOVE,
  'write-protect': COMMON | UFFD_FEATURE.PAGEFAULT_FLAG_WP,
} as const

/** The features that swapping a memory file requires beside them. */
const OF_FILES = UFFD_FEATURE.MISSING_SHMEM | UFFD_FEATURE.PAGEFAULT_FLAG_WP | UFFD_FEATURE.WP_HUGETLBFS_SHMEM

export interface SwapSourceRequest {
  /** The requested source; `undefined` for the best that the machine allows. */
  readonly name: FaultSourceName | undefined
  /** Whether memory files are swapped. */
  readonly files: boolean
  /** The longest wait of a thread for one fault, in milliseconds. */
  readonly deadline: number
}

export interface OpenedSwapSource {
  readonly source: OpenedFaultSource
  readonly way: SwapWay
  /** Why pages do not leave by `UFFDIO_MOVE`, where no source was requested. */
  readonly refused?: VmError
}

/** Opens the source of a swap's faults, with the best way for pages to leave. Throws the `VmError` of the best one where the requested one is not available. */
export function openSwapSource(
  calls: UserfaultfdCalls,
  { name, files, deadline }: SwapSourceRequest,
): OpenedSwapSource {
  const open = (way: 'move' | 'write-protect'): OpenedSwapSource => {
    const features = files ? FEATURES[way] | OF_FILES : FEATURES[way]
    return { source: openFaultSource(calls, { name, features, guard: false, deadline }), way }
  }
  const guard = (): OpenedSwapSource => {
    return { source: openFaultSource(calls, { name: 'guard', features: 0n, guard: true, deadline }), way: 'guard' }
  }
  if (name === 'guard') return guard()
  try {
    return open('move')
  } catch (error) {
    if (!(error instanceof VmError) || name === 'model') throw error
    try {
      return { ...open('write-protect'), refused: error }
    } catch {
      if (name === undefined) return { ...guard(), refused: error }
      throw error
    }
  }
}
