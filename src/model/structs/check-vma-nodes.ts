import { VMA_NODE } from './vma-node.js'
import type { VmaNodes } from './vma-nodes.js'

const { CAPACITY, SHIFT, COUNT, PARENT, GAP, ENDS, STARTS, STRIDE } = VMA_NODE

/** Checks what a node and those below it know of each other and of the VMAs: `expect` throws where it is not so. Returns the number of VMAs. */
export function checkVmaNodes(
  nodes: VmaNodes,
  node: number,
  level: number,
  parent: number,
  expect: (holds: boolean, message: string) => void,
): number {
  const { numbers } = nodes
  const base = node * STRIDE
  const count = numbers[base + COUNT]!
  expect(numbers[base + PARENT] === parent, 'a node of the tree has another parent')
  expect(count > 0 || parent === -1, 'a node of the tree is empty')
  let gap = 0
  let vmas = 0
  for (let at = 0; at < CAPACITY; at++) {
    const item = nodes.items[(node << SHIFT) + at]
    const [start, end] = [numbers[base + STARTS + at]!, numbers[base + ENDS + at]!]
    expect((item !== undefined) === at < count, 'a node of the tree has another number of items')
    if (item === undefined) {
      expect(start === Infinity && end === Infinity, 'a node of the tree has a range without an item')
      continue
    }
    if (at > 0) gap = Math.max(gap, start - numbers[base + ENDS + at - 1]!)
    if (typeof item !== 'number') {
      expect(level === 0 && item.node === node, 'a VMA is in another node')
      expect(item.start === start && item.end === end, 'a node of the tree has another range than its VMA')
      vmas++
      continue
    }
    vmas += checkVmaNodes(nodes, item, level - 1, node, expect)
    const child = item * STRIDE
    const last = numbers[child + ENDS + numbers[child + COUNT]! - 1]
    expect(level > 0 && numbers[child + STARTS] === start && last === end, 'a node knows another range of one below')
    expect(numbers[child + GAP] === nodes.gaps[(node << SHIFT) + at], 'a node knows another gap of one below')
    gap = Math.max(gap, numbers[child + GAP]!)
  }
  expect(numbers[base + GAP] === gap, `a node of the tree has gap ${numbers[base + GAP]} instead of ${gap}`)
  return vmas
}
