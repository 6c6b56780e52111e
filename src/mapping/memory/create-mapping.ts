import { refuseForeign } from '../../kernel/destructive/refuse-foreign.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Region } from '../../kernel/region.js'
import { ensureStack } from '../../vocabulary/errors/ensure-stack.js'
import { MADV } from '../../vocabulary/madv.js'
import { MAP } from '../../vocabulary/map.js'
import { checkOptions } from '../../vocabulary/options/check-options.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { PROT } from '../../vocabulary/prot.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { adviceNumber } from './advice-number.js'
import { AnonymousBacking } from './anonymous-backing.js'
import type { Backing, BackingSource } from './backing.js'
import { explainError } from './explain-error.js'
import { FileBacking } from './file-backing.js'
import { HeldMemory } from './held-memory.js'
import { mmapOptionRules } from './mmap-option-rules.js'
import type { MmapOptions } from './mmap-options.js'
import type { ProcessMemory } from './process-memory.js'
import { RangeSet } from './range-set.js'
import { refuseWritableAndExecutable } from './refuse-writable-and-executable.js'

/** What a caller of `createMapping` decides, beside the options of the user. */
export interface MappingRequest {
  /** `PROT` of the memory; of what will be committed, for a reservation. */
  readonly protection: number
  readonly reserved: boolean
  /** What the memory is made of, where `options` does not name it: a device. The call disposes of it. */
  readonly source?: BackingSource
}

/** Maps memory: checks the options, makes one system call, and applies advice. Unmaps and closes everything where a step fails. */
export function createMapping(holdings: ProcessMemory, given: MmapOptions, request: MappingRequest): HeldMemory {
  if (typeof given === 'string' || given instanceof URL) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `the options of a mapping must be an object, and are a string or a URL: write { file: ${showValue(String(given))} }`,
    )
  }
  const options = checkOptions('a mapping', given, mmapOptionRules)
  const { protection } = request
  if ((protection & (PROT.WRITE | PROT.EXEC)) === (PROT.WRITE | PROT.EXEC))
    refuseWritableAndExecutable(options.jit === true)
  const askedPageSize = pageSizeOf(holdings, options.hugePages)
  const source = request.source ?? sourceOf(holdings.kernel, options, protection)
  // `using` is compiled to helper functions that take longer than all the rest of this function.
  try {
    return mapSource(holdings, options, request, source, source.pageSize ?? askedPageSize)
  } finally {
    source[Symbol.dispose]()
  }
}

function mapSource(
  holdings: ProcessMemory,
  options: MmapOptions,
  request: MappingRequest,
  source: BackingSource,
  pageSize: number,
): HeldMemory {
  const { protection, reserved } = request
  const { kernel } = holdings
  const { offset, length } = extentOf(options, source)
  const lead = offset % pageSize
  const backing = source.backing(offset, options.shared === true)
  checkNotSwapped(holdings, backing)
  const address = placeOf(options, pageSize)
  if (options.fixed === 'replace' && options.foreign !== true)
    refuseForeign(kernel.addressSpace, address, lead + length, "fixed: 'replace'")
  ensureStack()
  let region: Region
  try {
    region = source.map({
      address,
      length: lead + length,
      protection: reserved ? PROT.NONE : protection,
      flags: flagsOf(options, request, pageSize, kernel.pageSize, source.name === undefined),
      offset: offset - lead,
      pageSize,
    })
  } catch (error) {
    const known = explainPages(explainPlace(error, options), kernel, pageSize, length)
    const noReserve = reserved || options.noReserve === true
    throw explainError(kernel, known, length, { backing, protection: reserved ? PROT.NONE : protection, noReserve })
  }
  const holding = new HeldMemory(holdings, {
    region,
    lead,
    size: length,
    protection,
    backing,
    jit: options.jit === true,
    committed: reserved ? new RangeSet() : undefined,
  })
  try {
    applyAfterwards(holding, options)
  } catch (error) {
    region.unmap()
    throw error
  }
  holding.tellChange('map')
  return holding
}

function checkNotSwapped(holdings: ProcessMemory, backing: Backing): void {
  if (backing.file === undefined || holdings.swappedFiles.get(backing.file)?.() !== true) return
  throw new UsageError(
    'ERR_VMAREA_SWAPPED',
    `the file (${backing.describe()}) is mapped and swapped: another mapping would find holes where its pages are out; exit() the swap first`,
  )
}

function sourceOf(kernel: Kernel, { file, shared, writable }: MmapOptions, protection: number): BackingSource {
  if (file === undefined) return AnonymousBacking.source(kernel)
  const toWrite = shared === true && ((protection & PROT.WRITE) !== 0 || writable === true)
  return FileBacking.open(kernel, file, toWrite ? 'read-write' : 'read')
}

function extentOf(options: MmapOptions, behind: BackingSource): { offset: number; length: number } {
  const { offset = 0 } = options
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      `offset must be a whole number of bytes from 0 on, and is ${showValue(offset)}`,
    )
  }
  if (behind.name === undefined && offset !== 0) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `offset is ${offset}, and memory without a file has no offset: leave it out`,
    )
  }
  const { size } = behind
  if (size !== undefined && offset > size) {
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      `offset ${offset} lies past the end of the ${behind.name}, which has ${size} bytes`,
    )
  }
  const { length = defaultLength(behind, offset) } = options
  if (!Number.isSafeInteger(length) || length <= 0) {
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      `length must be a whole number of bytes above 0 and below 2^53, and is ${showValue(length)}`,
    )
  }
  if (!Number.isSafeInteger(offset + length)) {
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      `offset ${offset} and length ${length} add up to more than 2^53 - 1`,
    )
  }
  return { offset, length }
}

function defaultLength(behind: BackingSource, offset: number): number {
  const { size } = behind
  if (size === undefined) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      behind.whyNoSize ?? `length must be given: there is no ${behind.name ?? 'file'} of a known size`,
    )
  }
  if (size === offset) {
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      size === 0
        ? `the ${behind.name} is empty: give a length to map the bytes that it will have`
        : `offset ${offset} is the end of the ${behind.name}: there is no byte to map`,
    )
  }
  return size - offset
}

function pageSizeOf({ kernel }: ProcessMemory, hugePages: boolean | number | undefined): number {
  if (hugePages === undefined || hugePages === false) return kernel.pageSize
  const sizes = kernel.pageSizes()
  const size = hugePages === true ? sizes[1] : hugePages
  if (size !== undefined && sizes.indexOf(size) > 0) return size
  const known = sizes.slice(1)
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `hugePages is ${showValue(hugePages)}, and this machine has ${known.length === 0 ? 'no huge pages' : `huge pages of ${known.join(' or ')} bytes`}`,
  )
}

function flagsOf(
  options: MmapOptions,
  { reserved }: MappingRequest,
  pageSize: number,
  basePageSize: number,
  anonymous: boolean,
): number {
  let flags: number = options.shared ? MAP.SHARED : MAP.PRIVATE
  if (anonymous) flags |= MAP.ANONYMOUS
  if (options.populate) flags |= MAP.POPULATE
  if (options.noReserve || reserved) flags |= MAP.NORESERVE
  if (options.stack) flags |= MAP.STACK
  if (pageSize !== basePageSize) flags |= MAP.HUGETLB | (Math.log2(pageSize) << MAP.HUGE_SHIFT)
  if (options.fixed === 'replace') flags |= MAP.FIXED
  if (options.fixed === 'noreplace') flags |= MAP.FIXED_NOREPLACE | MAP.FIXED
  return flags
}

/** The address to ask for; 0 leaves it to the kernel. */
function placeOf({ fixed, address }: MmapOptions, pageSize: number): bigint {
  if (address === undefined) {
    if (fixed === undefined) return 0n
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `fixed: '${fixed}' requires an address`)
  }
  if (typeof address !== 'bigint' || address < 0n || address >= 1n << 64n) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `address must be a bigint from 0 to 2^64 - 1, and is ${showValue(address)}`,
    )
  }
  if (address % BigInt(pageSize) === 0n) return address
  throw new UsageError('ERR_VMAREA_NOT_PAGE_ALIGNED', `address ${address} does not lie on a page of ${pageSize} bytes`)
}

function applyAfterwards(holding: HeldMemory, options: MmapOptions): void {
  const { region } = holding
  const { calls } = holding.holdings.kernel
  const advices = options.advice === undefined ? [] : [options.advice].flat().map(adviceNumber)
  if (options.noCoreDump) advices.push(MADV.DONTDUMP)
  try {
    for (const advice of advices) calls.madvise(region.start, region.length, advice)
    if (options.locked) calls.mlock(region.start, region.length)
  } catch (error) {
    throw holding.explain(error, region.length)
  }
}

/** Too few huge pages are free: that is no limit of the process, and with `noReserve` the fault would fail instead. */
function explainPages(error: unknown, kernel: Kernel, pageSize: number, length: number): unknown {
  if (!(error instanceof VmError) || error.code !== 'ENOMEM' || pageSize === kernel.pageSize) return error
  const { code, syscall } = error
  if (kernel.explainLimit({ code, syscall, length, isData: false, isPromised: false }) !== undefined) return error
  const folder = `/sys/kernel/mm/hugepages/hugepages-${pageSize / 1024}kB`
  return VmError.withHint(error, `too few huge pages of ${pageSize} bytes are free: ${folder}/nr_hugepages makes more`)
}

function explainPlace(error: unknown, { fixed, address }: MmapOptions): unknown {
  if (!(error instanceof VmError) || error.code !== 'EEXIST' || fixed === undefined || address === undefined)
    return error
  return VmError.withHint(error, "the range is in use, and fixed is 'noreplace'")
}
