import { VMA_NODE } from './vma-node.js'
import type { VmaNodes } from './vma-nodes.js'

const { SHIFT, COUNT, GAP, ENDS, STARTS, STRIDE } = VMA_NODE

/** `mas_empty_area`: the start of the lowest gap of `length` bytes or more within `[low, high)`, or -1. */
export function lowestGap(
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
  if (count === 0) return high - low >= length ? low : -1
  const first = Math.min(numbers[base + STARTS]!, high)
  if (first - low >= length) return low
  const found = lowestGapIn(nodes, root, height, low, high, length)
  if (found !== -1) return found
  const last = Math.max(numbers[base + ENDS + count - 1]!, low)
  return high - last >= length ? last : -1
}

function lowestGapIn(nodes: VmaNodes, node: number, level: number, low: number, high: number, length: number): number {
  const { numbers } = nodes
  const base = node * STRIDE
  if (numbers[base + GAP]! < length) return -1
  const count = numbers[base + COUNT]!
  for (let at = 0; at < count; at++) {
    const start = numbers[base + STARTS + at]!
    if (at > 0) {
      const from = Math.max(numbers[base + ENDS + at - 1]!, low)
      const to = Math.min(start, high)
      if (to - from >= length) return from
    }
    if (start >= high) return -1
    if (level === 0 || numbers[base + ENDS + at]! <= low || nodes.gaps[(node << SHIFT) + at]! < length) continue
    const found = lowestGapIn(nodes, nodes.items[(node << SHIFT) + at] as number, level - 1, low, high, length)
    if (found !== -1) return found
  }
  return -1
}
