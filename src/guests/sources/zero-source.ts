import type { SourceSegment } from '../../kernel/guest-host.js'
import { checkOptions, type OptionRules } from '../../vocabulary/options/check-options.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { GuestSource, type OpenedSource } from './guest-source.js'

type Range = readonly [start: number, end: number]

/** Which of the memory is known to be zeros. */
export interface ZeroSourceOptions {
  /** Half-open and in bytes, in order and apart. @defaultValue all of it */
  readonly ranges?: readonly Range[]
}

const zeroSourceRules: OptionRules<ZeroSourceOptions> = {
  ranges: {
    each: 'a pair of numbers [start, end]',
    element: (value) => Array.isArray(value) && value.length === 2 && value.every((bound) => typeof bound === 'number'),
  },
}

/**
 * A source of zeros, of `size` bytes: memory that was never written. With `ranges`, half-open and in bytes, only those are known zeros: in
 * `layerSources` the rest is what the layer below has.
 *
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for a size that is no number of bytes, and for ranges that are empty, reach past the
 * size, or are not in order and apart
 *
 * @example
 * // The memory that the guest's balloon had given back when the snapshot was taken.
 * const memory = layerSources([zeroSource(size, { ranges: [[1 << 20, 3 << 20]] }), fileSource('/snapshots/7/memory')])
 */
export function zeroSource(size: number, options: ZeroSourceOptions = {}): GuestSource {
  const { ranges } = checkOptions('zeroSource()', options, zeroSourceRules)
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `the size of a source is in bytes; this is ${String(size)}`)
  }
  return new ZeroSource(size, ranges === undefined ? undefined : checkRanges(ranges, size))
}

function checkRanges(ranges: readonly Range[], size: number): readonly Range[] {
  let last = 0
  for (const [start, end] of ranges) {
    if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= last && start < end && end <= size) {
      last = end
      continue
    }
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `ranges must be in order, apart and within ${size} bytes; one is [${String(start)}, ${String(end)})`,
    )
  }
  return ranges.map(([start, end]) => [start, end])
}

class ZeroSource extends GuestSource {
  readonly #size: number
  readonly #ranges: readonly Range[] | undefined

  constructor(size: number, ranges: readonly Range[] | undefined) {
    super()
    this.#size = size
    this.#ranges = ranges
  }

  async open(): Promise<OpenedSource> {
    const size = this.#size
    const ranges = this.#ranges ?? (size === 0 ? [] : [[0, size]])
    return {
      size,
      identity: `zeros:${[size, ...(this.#ranges ?? []).map((range) => range.join('-'))].join(':')}`,
      segments: segmentsOf(ranges, size),
      read: (_offset, target) => void target.fill(0),
      close: () => {},
    }
  }
}

function segmentsOf(ranges: readonly (readonly number[])[], size: number): SourceSegment[] {
  const bounds = [0, ...ranges.flat(), size]
  return bounds.slice(1).flatMap((end, index) => {
    const start = bounds[index]!
    return start === end ? [] : [{ kind: index % 2 === 0 ? 'hole' : 'zero', start, end, at: 0, number: 0 } as const]
  })
}
