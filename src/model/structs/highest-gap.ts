import { VMA_NODE } from './vma-node.js'
import type { VmaNodes } from './vma-nodes.js'

const { SHIFT, COUNT, GAP, ENDS, STARTS, STRIDE } = VMA_NODE

/**
 * `mas_empty_area_rev`: the end of the highest gap of `length` bytes or more within `[low, high)`, or -1. Addresses outside the two
 * limits do not count.
 */
export function highestGap(
  nodes: VmaNodes,
  root: number,
  height: number,
  low: number,
  high: number,
  length: number,
): number {
  const { numbers } = nodes
  const base = root * STRIDE
  const count = numbers[base + COUNT]!
  if (count === 0) return high - low >= length ? high : -1
  const last = Math.max(numbers[base + ENDS + count - 1]!, low)
  if (high - last >= length) return high
  const found = highestGapIn(nodes, root, height, low, high, length)
  if (found !== -1) return found
  const first = Math.min(numbers[base + STARTS]!, high)
  return first - low >= length ? first : -1
}

function highestGapIn(nodes: VmaNodes, node: number, level: number, low: number, high: number, length: number): number {
  const { numbers } = nodes
  const base = node * STRIDE
  if (numbers[base + GAP]! < length) return -1
  const count = numbers[base + COUNT]!
  for (let at = count - 1; at >= 0; at--) {
    const end = numbers[base + ENDS + at]!
    if (at < count - 1) {
      const from = Math.max(end, low)
      const to = Math.min(numbers[base + STARTS + at + 1]!, high)
      if (to - from >= length) return to
    }
    if (end <= low) return -1
    if (level === 0 || numbers[base + STARTS + at]! >= high || nodes.gaps[(node << SHIFT) + at]! < length) continue
    const found = highestGapIn(nodes, nodes.items[(node << SHIFT) + at] as number, level - 1, low, high, length)
    if (found !== -1) return found
  }
  return -1
}
