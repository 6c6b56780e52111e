import type { Vma } from './vma.js'
import { VMA_NODE } from './vma-node.js'

const { CAPACITY, SHIFT, COUNT, PARENT, PREVIOUS, NEXT, GAP, ENDS, STARTS, STRIDE } = VMA_NODE

/**
 * The nodes of a `VmaTree`. A node is an index: its fields are in one array of numbers, its items in another array. So a search touches a
 * few neighbouring cache lines for each node and no VMA, which decides its speed with a million VMAs.
 */
export class VmaNodes {
  /** The fields of each node, as `VMA_NODE` lays them out. */
  numbers = new Float64Array(4 * STRIDE)
  /** For each inner node, the largest gap inside each of its items. A separate array, because leaves have none. */
  gaps = new Float64Array(4 * CAPACITY)
  /** The VMAs of each leaf, and the nodes of each inner node. */
  readonly items: (Vma | number | undefined)[] = []
  /** Freed nodes, to be reused. */
  readonly #spare: number[] = []

  /** A node without items and neighbours. */
  newNode(): number {
    const node = this.#spare.pop() ?? this.items.length >> SHIFT
    if (node << SHIFT === this.items.length) {
      for (let at = 0; at < CAPACITY; at++) this.items.push(undefined)
      if ((node + 1) * STRIDE > this.numbers.length) {
        this.numbers = larger(this.numbers, Math.ceil((node + 1) * 1.25) * STRIDE)
        this.gaps = larger(this.gaps, Math.ceil((node + 1) * 1.25) * CAPACITY)
      }
    }
    const base = node * STRIDE
    this.numbers.fill(0, base, base + ENDS)
    this.numbers.fill(-1, base + PARENT, base + NEXT + 1)
    this.numbers.fill(Infinity, base + ENDS, base + STRIDE)
    return node
  }

  giveUp(node: number): void {
    this.items.fill(undefined, node << SHIFT, (node + 1) << SHIFT)
    this.#spare.push(node)
  }

  put(node: number, level: number, index: number, item: Vma | number): void {
    const numbers = this.numbers
    const items = this.items
    const base = node * STRIDE
    const first = node << SHIFT
    const count = numbers[base + COUNT]!
    for (let at = count; at > index; at--) {
      items[first + at] = items[first + at - 1]
      numbers[base + STARTS + at] = numbers[base + STARTS + at - 1]!
      numbers[base + ENDS + at] = numbers[base + ENDS + at - 1]!
      if (level > 0) this.gaps[first + at] = this.gaps[first + at - 1]!
    }
    items[first + index] = item
    numbers[base + COUNT] = count + 1
    if (level > 0) {
      numbers[(item as number) * STRIDE + PARENT] = node
      this.describe(node, index, item as number)
    } else {
      const vma = item as Vma
      vma.node = node
      numbers[base + STARTS + index] = vma.start
      numbers[base + ENDS + index] = vma.end
    }
  }

  cut(node: number, level: number, index: number): void {
    const numbers = this.numbers
    const items = this.items
    const base = node * STRIDE
    const first = node << SHIFT
    const last = numbers[base + COUNT]! - 1
    for (let at = index; at < last; at++) {
      items[first + at] = items[first + at + 1]
      numbers[base + STARTS + at] = numbers[base + STARTS + at + 1]!
      numbers[base + ENDS + at] = numbers[base + ENDS + at + 1]!
      if (level > 0) this.gaps[first + at] = this.gaps[first + at + 1]!
    }
    items[first + last] = undefined
    numbers[base + STARTS + last] = Infinity
    numbers[base + ENDS + last] = Infinity
    numbers[base + COUNT] = last
  }

  /** Updates a node with the range of one of its items. */
  describe(node: number, index: number, child: number): void {
    const numbers = this.numbers
    const at = node * STRIDE + index
    const base = child * STRIDE
    const count = numbers[base + COUNT]!
    if (count === 0) return
    numbers[at + STARTS] = numbers[base + STARTS]!
    numbers[at + ENDS] = numbers[base + ENDS + count - 1]!
    this.gaps[(node << SHIFT) + index] = numbers[base + GAP]!
  }

  /** Recomputes a node's largest gap, and those of its ancestors where that changes them. */
  refresh(start: number, startLevel: number): void {
    const numbers = this.numbers
    this.measure(start, startLevel)
    let node = start
    for (let level = startLevel + 1; ; level++) {
      const base = node * STRIDE
      const count = numbers[base + COUNT]!
      const parent = numbers[base + PARENT]!
      if (parent === -1 || count === 0) return
      const place = this.placeIn(parent, node)
      const at = parent * STRIDE + place
      const first = numbers[base + STARTS]!
      const last = numbers[base + ENDS + count - 1]!
      const gap = numbers[base + GAP]!
      const before = this.gaps[(parent << SHIFT) + place]!
      const sameRange = numbers[at + STARTS] === first && numbers[at + ENDS] === last
      if (sameRange && before === gap) return
      numbers[at + STARTS] = first
      numbers[at + ENDS] = last
      this.gaps[(parent << SHIFT) + place] = gap
      // A parent has to examine all its items only if this gap may have been its largest.
      const largest = numbers[parent * STRIDE + GAP]!
      if (sameRange && gap >= largest) numbers[parent * STRIDE + GAP] = gap
      else if (!sameRange || before === largest) this.measure(parent, level)
      node = parent
    }
  }

  /** Computes a node's largest gap. */
  measure(node: number, level: number): void {
    const numbers = this.numbers
    const base = node * STRIDE
    const count = numbers[base + COUNT]!
    let gap = 0
    for (let at = 1; at < count; at++) {
      const before = numbers[base + STARTS + at]! - numbers[base + ENDS + at - 1]!
      if (before > gap) gap = before
    }
    if (level > 0) {
      for (let at = 0; at < count; at++) {
        const inside = this.gaps[(node << SHIFT) + at]!
        if (inside > gap) gap = inside
      }
    }
    numbers[base + GAP] = gap
  }

  /** The index of a node in its parent. */
  placeIn(parent: number, node: number): number {
    const items = this.items
    const first = parent << SHIFT
    let index = 0
    while (items[first + index] !== node) index++
    return index
  }

  /** Puts a leaf into the chain of leaves, beside another one. */
  chain(node: number, other: number, below: boolean): void {
    const numbers = this.numbers
    const previous = below ? numbers[node * STRIDE + PREVIOUS]! : node
    const next = below ? node : numbers[node * STRIDE + NEXT]!
    numbers[other * STRIDE + PREVIOUS] = previous
    numbers[other * STRIDE + NEXT] = next
    if (previous !== -1) numbers[previous * STRIDE + NEXT] = other
    if (next !== -1) numbers[next * STRIDE + PREVIOUS] = other
  }

  /** Takes a leaf out of the chain of leaves. */
  unlink(node: number): void {
    const numbers = this.numbers
    const previous = numbers[node * STRIDE + PREVIOUS]!
    const next = numbers[node * STRIDE + NEXT]!
    if (previous !== -1) numbers[previous * STRIDE + NEXT] = next
    if (next !== -1) numbers[next * STRIDE + PREVIOUS] = previous
  }
}

function larger(numbers: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const all = new Float64Array(length)
  all.set(numbers)
  return all
}
