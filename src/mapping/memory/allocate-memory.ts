import { SEAL } from '../../vocabulary/seal.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { HeldMemory } from './held-memory.js'

/** fallocate(2) of what is behind a part of a shared mapping, off the event loop. */
export async function allocateMemory(holding: HeldMemory, offset: number, length: number): Promise<void> {
  holding.checkShared('allocate')
  holding.checkCommitted(offset, length)
  if (length === 0) return
  const { kernel } = holding.holdings
  using file = holding.backing.reopen?.()
  if (file === undefined) {
    throw new UsageError(
      'ERR_VMAREA_NO_FILE',
      `allocate reserves room in a file, and there is none behind this mapping (${holding.describe()}): populate() takes memory at once`,
    )
  }
  try {
    await kernel.files.allocate(file.descriptor, file.offset + offset, length)
  } catch (error) {
    throw explain(error, holding, file.descriptor, length)
  }
}

function explain(error: unknown, holding: HeldMemory, descriptor: number, length: number): unknown {
  if (!(error instanceof VmError)) return error
  const { files } = holding.holdings.kernel
  if (error.code === 'ENOSPC') {
    const free = files.freeBytes(descriptor)
    const room = free === undefined ? 'has no room' : `has ${free} bytes free`
    return VmError.withHint(
      error,
      `the file system of ${holding.backing.describe()} ${room} for ${length} bytes`,
      length,
    )
  }
  if (error.code === 'EPERM' && (files.seals(descriptor) & SEAL.GROW) !== 0) {
    return VmError.withHint(error, "the memory file is sealed: 'grow', and the range ends behind its end", length)
  }
  if (error.code === 'EOPNOTSUPP') {
    return VmError.withHint(error, `the file system of ${holding.backing.describe()} can not reserve room`, length)
  }
  return error
}
