import { Slab, type Slot } from './slab.js'
import type { Vma } from './vma.js'

const capacity = 32
/** A node with fewer items takes in a neighbour where both fit. */
const sparse = capacity / 4

/**
 * One node of a `VmaTree`. A leaf holds VMAs, an inner node nodes. The ranges of the items are kept apart, so that a search touches no
 * item it does not need: from `base` on in `ranges` 32 starts, then 32 ends, then (inner nodes) the 32 largest gaps inside.
 */
export class VmaNode {
  readonly leaf: boolean
  readonly slot: Slot
  readonly ranges: Float64Array
  readonly base: number
  readonly items: (Vma | VmaNode)[] = []
  /** The largest gap between items or, for an inner node, inside one. */
  gap = 0
  parent: VmaNode | undefined = undefined
  /** Neighbours of a leaf. */
  previous: VmaNode | undefined = undefined
  next: VmaNode | undefined = undefined

  constructor(leaf: boolean, slot: Slot) {
    this.leaf = leaf
    this.slot = slot
    this.ranges = slot.numbers
    this.base = slot.base
  }
}

/**
 * The VMAs of an address space in order of address: a B+-tree whose nodes know the largest gap below them, as the kernel's maple tree.
 *
 * Every search, the one for a free range included, takes time logarithmic in the number of VMAs.
 */
export class VmaTree {
  readonly #leafRanges = new Slab(2 * capacity)
  readonly #innerRanges = new Slab(3 * capacity)
  #root = new VmaNode(true, this.#leafRanges.take())
  #spare: VmaNode | undefined = undefined
  /** `map_count` */
  size = 0

  /** The inner structure, for who checks it. */
  get root(): VmaNode {
    return this.#root
  }

  first(): Vma | undefined {
    let node = this.#root
    while (!node.leaf) node = node.items[0] as VmaNode
    return node.items[0] as Vma | undefined
  }

  /** `find_vma`: the first VMA that ends after `address`. */
  find(address: number): Vma | undefined {
    let node = this.#root
    for (;;) {
      const index = firstEndingAfter(node, address)
      if (index === node.items.length) return undefined
      if (node.leaf) return node.items[index] as Vma
      node = node.items[index] as VmaNode
    }
  }

  /** `vma_lookup`: the VMA that contains `address`. */
  lookup(address: number): Vma | undefined {
    let node = this.#root
    for (;;) {
      const index = firstEndingAfter(node, address)
      if (index === node.items.length || node.ranges[node.base + index]! > address) return undefined
      if (node.leaf) return node.items[index] as Vma
      node = node.items[index] as VmaNode
    }
  }

  /** `find_vma_intersection`: the first VMA that overlaps `[start, end)`. */
  intersection(start: number, end: number): Vma | undefined {
    const vma = this.find(start)
    return vma !== undefined && vma.start < end ? vma : undefined
  }

  /** The last VMA that starts before `address`. */
  before(address: number): Vma | undefined {
    let node = this.#root
    for (;;) {
      const index = firstStartingAt(node, address) - 1
      if (index < 0) return undefined
      if (node.leaf) return node.items[index] as Vma
      node = node.items[index] as VmaNode
    }
  }

  next(vma: Vma): Vma | undefined {
    const node = vma.node!
    const index = firstStartingAt(node, vma.start) + 1
    if (index < node.items.length) return node.items[index] as Vma
    return node.next?.items[0] as Vma | undefined
  }

  previous(vma: Vma): Vma | undefined {
    const node = vma.node!
    const index = firstStartingAt(node, vma.start) - 1
    if (index >= 0) return node.items[index] as Vma
    return node.previous?.items.at(-1) as Vma | undefined
  }

  *[Symbol.iterator](): Generator<Vma> {
    for (let vma = this.first(); vma !== undefined; vma = this.next(vma)) yield vma
  }

  /** Puts a VMA in. Its range must be free. */
  insert(vma: Vma): void {
    let node = this.#root
    while (!node.leaf) {
      const index = firstStartingAt(node, vma.start)
      node = node.items[index === 0 ? 0 : index - 1] as VmaNode
    }
    this.#add(node, firstStartingAt(node, vma.start), vma)
    this.size++
  }

  /** Takes a VMA out. */
  remove(vma: Vma): void {
    const node = vma.node!
    this.#take(node, firstStartingAt(node, vma.start))
    vma.node = undefined
    this.size--
  }

  /** Changes the range of a VMA. It must not reach into a neighbour. */
  resize(vma: Vma, start: number, end: number): void {
    const node = vma.node!
    const index = firstStartingAt(node, vma.start)
    vma.start = start
    vma.end = end
    node.ranges[node.base + index] = start
    node.ranges[node.base + capacity + index] = end
    refresh(node)
  }

  /**
   * `mas_empty_area_rev`: the end of the highest gap of `length` bytes or more within `[low, high)`, or -1. What lies outside the two
   * limits does not count.
   */
  highestGap(low: number, high: number, length: number): number {
    const root = this.#root
    const count = root.items.length
    if (count === 0) return high - low >= length ? high : -1
    const last = Math.max(root.ranges[root.base + capacity + count - 1]!, low)
    if (high - last >= length) return high
    const found = highestGapIn(root, low, high, length)
    if (found !== -1) return found
    const first = Math.min(root.ranges[root.base]!, high)
    return first - low >= length ? first : -1
  }

  /** `mas_empty_area`: the start of the lowest gap of `length` bytes or more within `[low, high)`, or -1. */
  lowestGap(low: number, high: number, length: number): number {
    const root = this.#root
    const count = root.items.length
    if (count === 0) return high - low >= length ? low : -1
    const first = Math.min(root.ranges[root.base]!, high)
    if (first - low >= length) return low
    const found = lowestGapIn(root, low, high, length)
    if (found !== -1) return found
    const last = Math.max(root.ranges[root.base + capacity + count - 1]!, low)
    return high - last >= length ? last : -1
  }

  #put(node: VmaNode, index: number, item: Vma | VmaNode): void {
    const { items, ranges, base } = node
    const ends = base + capacity
    const gaps = ends + capacity
    const count = items.length
    items.push(item)
    for (let at = count; at > index; at--) items[at] = items[at - 1]!
    items[index] = item
    ranges.copyWithin(base + index + 1, base + index, base + count)
    ranges.copyWithin(ends + index + 1, ends + index, ends + count)
    if (node.leaf) {
      const vma = item as Vma
      vma.node = node
      ranges[base + index] = vma.start
      ranges[ends + index] = vma.end
    } else {
      const child = item as VmaNode
      child.parent = node
      ranges.copyWithin(gaps + index + 1, gaps + index, gaps + count)
      describe(node, index, child)
    }
  }

  /** Takes an item out of a node, and the node out of the tree when nothing is left. */
  #take(node: VmaNode, index: number): void {
    cut(node, index)
    const parent = node.parent
    if (parent === undefined) {
      while (!this.#root.leaf && this.#root.items.length === 1) {
        this.#innerRanges.give(this.#root.slot)
        this.#root = this.#root.items[0] as VmaNode
        this.#root.parent = undefined
      }
      if (node === this.#root) refresh(node)
      return
    }
    if (node.items.length === 0) {
      const place = parent.items.indexOf(node)
      this.#giveUp(node)
      this.#take(parent, place)
      return
    }
    if (node.items.length < sparse && this.#absorbNeighbour(node, parent)) return
    refresh(node)
  }

  #absorbNeighbour(node: VmaNode, parent: VmaNode): boolean {
    const index = parent.items.indexOf(node)
    const upper = parent.items[index + 1] as VmaNode | undefined
    if (upper !== undefined && node.items.length + upper.items.length <= capacity - sparse) {
      this.#absorb(node, upper, parent, index + 1)
      return true
    }
    const lower = parent.items[index - 1] as VmaNode | undefined
    if (lower !== undefined && node.items.length + lower.items.length <= capacity - sparse) {
      this.#absorb(lower, node, parent, index)
      return true
    }
    return false
  }

  #absorb(lower: VmaNode, upper: VmaNode, parent: VmaNode, upperIndex: number): void {
    for (const item of upper.items) this.#put(lower, lower.items.length, item)
    this.#giveUp(upper)
    refresh(lower)
    this.#take(parent, upperIndex)
  }

  /**
   * Puts an item into a node, of which a part moves to a new node above it when it is full. At the edges only what must move does,
   * so that memory mapped in one direction fills its nodes.
   */
  #add(node: VmaNode, index: number, item: Vma | VmaNode): void {
    if (node.items.length < capacity) {
      this.#put(node, index, item)
      refresh(node)
      return
    }
    const other = this.#newNode(node.leaf)
    const below = index === 0
    const keep = index === capacity ? capacity : capacity / 2
    if (below) {
      this.#put(other, 0, item)
    } else {
      for (let at = keep; at < capacity; at++) this.#put(other, at - keep, node.items[at]!)
      node.items.length = keep
      if (index <= keep && keep < capacity) this.#put(node, index, item)
      else this.#put(other, index - keep, item)
      refresh(node)
    }
    refresh(other)
    if (node.leaf) chain(node, other, below)
    if (node.parent === undefined) {
      this.#root = this.#made(false)
      this.#put(this.#root, 0, node)
      this.#put(this.#root, below ? 0 : 1, other)
      refresh(this.#root)
    } else {
      this.#add(node.parent, node.parent.items.indexOf(node) + (below ? 0 : 1), other)
    }
  }

  /** A node without items; a leaf may be one that was given up last, so that mapping and unmapping at its edge makes no garbage. */
  #newNode(leaf: boolean): VmaNode {
    const spare = this.#spare
    if (!leaf || spare === undefined) return this.#made(leaf)
    this.#spare = undefined
    return spare
  }

  #made(leaf: boolean): VmaNode {
    return new VmaNode(leaf, (leaf ? this.#leafRanges : this.#innerRanges).take())
  }

  #giveUp(node: VmaNode): void {
    if (!node.leaf) {
      this.#innerRanges.give(node.slot)
      return
    }
    unlink(node)
    if (this.#spare !== undefined) {
      this.#leafRanges.give(node.slot)
      return
    }
    node.items.length = 0
    node.parent = undefined
    this.#spare = node
  }
}

/** Puts a leaf into the chain of leaves, beside another one. */
function chain(node: VmaNode, other: VmaNode, below: boolean): void {
  other.previous = below ? node.previous : node
  other.next = below ? node : node.next
  if (other.previous !== undefined) other.previous.next = other
  if (other.next !== undefined) other.next.previous = other
}

/** The first item that ends after `address`, or the number of items. */
function firstEndingAfter({ ranges, base, items }: VmaNode, address: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[base + capacity + middle]! > address) high = middle
    else low = middle + 1
  }
  return low
}

/** The first item that starts at `address` or after it, or the number of items. */
function firstStartingAt({ ranges, base, items }: VmaNode, address: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[base + middle]! >= address) high = middle
    else low = middle + 1
  }
  return low
}

/** Tells a parent what one of its nodes spans. */
function describe(parent: VmaNode, index: number, child: VmaNode): void {
  const count = child.items.length
  if (count === 0) return
  const at = parent.base + index
  parent.ranges[at] = child.ranges[child.base]!
  parent.ranges[at + capacity] = child.ranges[child.base + capacity + count - 1]!
  parent.ranges[at + 2 * capacity] = child.gap
}

/** Computes a node's largest gap anew and carries what has changed to the root. */
function refresh(start: VmaNode): void {
  let node = start
  for (;;) {
    const { ranges, base, leaf } = node
    const count = node.items.length
    let gap = 0
    for (let at = 1; at < count; at++) {
      const before = ranges[base + at]! - ranges[base + capacity + at - 1]!
      if (before > gap) gap = before
    }
    if (!leaf) {
      for (let at = 0; at < count; at++) {
        const inside = ranges[base + 2 * capacity + at]!
        if (inside > gap) gap = inside
      }
    }
    node.gap = gap
    const parent = node.parent
    if (parent === undefined || count === 0) return
    const index = parent.base + parent.items.indexOf(node)
    const of = parent.ranges
    const first = ranges[base]!
    const last = ranges[base + capacity + count - 1]!
    if (of[index] === first && of[capacity + index] === last && of[2 * capacity + index] === gap) return
    of[index] = first
    of[capacity + index] = last
    of[2 * capacity + index] = gap
    node = parent
  }
}

function cut(node: VmaNode, index: number): void {
  const { items, ranges, base } = node
  const ends = base + capacity
  const gaps = ends + capacity
  const count = items.length
  for (let at = index + 1; at < count; at++) items[at - 1] = items[at]!
  items.pop()
  ranges.copyWithin(base + index, base + index + 1, base + count)
  ranges.copyWithin(ends + index, ends + index + 1, ends + count)
  if (!node.leaf) ranges.copyWithin(gaps + index, gaps + index + 1, gaps + count)
}

/** Takes a leaf out of the chain of leaves. */
function unlink({ previous, next }: VmaNode): void {
  if (previous !== undefined) previous.next = next
  if (next !== undefined) next.previous = previous
}

function highestGapIn(node: VmaNode, low: number, high: number, length: number): number {
  if (node.gap < length) return -1
  const { ranges, base, items, leaf } = node
  for (let at = items.length - 1; at >= 0; at--) {
    const end = ranges[base + capacity + at]!
    if (at < items.length - 1) {
      const from = Math.max(end, low)
      const to = Math.min(ranges[base + at + 1]!, high)
      if (to - from >= length) return to
    }
    if (end <= low) return -1
    if (leaf || ranges[base + at]! >= high || ranges[base + 2 * capacity + at]! < length) continue
    const found = highestGapIn(items[at] as VmaNode, low, high, length)
    if (found !== -1) return found
  }
  return -1
}

function lowestGapIn(node: VmaNode, low: number, high: number, length: number): number {
  if (node.gap < length) return -1
  const { ranges, base, items, leaf } = node
  for (let at = 0; at < items.length; at++) {
    const start = ranges[base + at]!
    if (at > 0) {
      const from = Math.max(ranges[base + capacity + at - 1]!, low)
      const to = Math.min(start, high)
      if (to - from >= length) return from
    }
    if (start >= high) return -1
    if (leaf || ranges[base + capacity + at]! <= low || ranges[base + 2 * capacity + at]! < length) continue
    const found = lowestGapIn(items[at] as VmaNode, low, high, length)
    if (found !== -1) return found
  }
  return -1
}
