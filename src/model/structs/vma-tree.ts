import { checkVmaNodes } from './check-vma-nodes.js'
import { highestGap } from './highest-gap.js'
import { lowestGap } from './lowest-gap.js'
import type { Vma } from './vma.js'
import { VMA_NODE } from './vma-node.js'
import { VmaNodes } from './vma-nodes.js'

const { CAPACITY, SHIFT, COUNT, PARENT, PREVIOUS, NEXT, ENDS, STARTS, STRIDE } = VMA_NODE

/** A node with fewer items merges with a neighbour if both fit in one. */
const sparse = CAPACITY / 4

/**
 * The VMAs of an address space in order of address: a B+-tree whose nodes record the largest gap below them, as those of the kernel's
 * maple tree do.
 *
 * Every search, the one for a free range included, takes time logarithmic in the number of VMAs.
 */
export class VmaTree {
  readonly #nodes = new VmaNodes()
  #root: number
  /** The number of inner nodes between the root and a leaf, with the root. */
  #height = 0
  /** `map_count` */
  size = 0

  constructor() {
    this.#root = this.#nodes.newNode()
  }

  first(): Vma | undefined {
    let node = this.#root
    for (let level = this.#height; level > 0; level--) node = this.#nodes.items[node << SHIFT] as number
    return this.#nodes.items[node << SHIFT] as Vma | undefined
  }

  /** `find_vma`: the first VMA that ends after `address`. */
  find(address: number): Vma | undefined {
    const place = this.#firstEndingAfter(address)
    return place === -1 ? undefined : (this.#nodes.items[place] as Vma)
  }

  /** `vma_lookup`: the VMA that contains `address`. */
  lookup(address: number): Vma | undefined {
    return this.intersection(address, address + 1)
  }

  /** `find_vma_intersection`: the first VMA that overlaps `[start, end)`. */
  intersection(start: number, end: number): Vma | undefined {
    const place = this.#firstEndingAfter(start)
    if (place === -1) return undefined
    return this.#nodes.numbers[startAt(place)]! < end ? (this.#nodes.items[place] as Vma) : undefined
  }

  /** The last VMA that starts before `address`. */
  before(address: number): Vma | undefined {
    let node = this.#root
    for (let level = this.#height; ; level--) {
      const index = this.#startingAt(node, address) - 1
      if (index < 0) return undefined
      const item = this.#nodes.items[(node << SHIFT) + index]
      if (level === 0) return item as Vma
      node = item as number
    }
  }

  /** The VMA after one, if it starts below `limit`. */
  next(vma: Vma, limit = Infinity): Vma | undefined {
    const { numbers } = this.#nodes
    let node = vma.node!
    let index = this.#startingAt(node, vma.start) + 1
    if (index >= numbers[node * STRIDE + COUNT]!) {
      node = numbers[node * STRIDE + NEXT]!
      index = 0
      if (node === -1) return undefined
    }
    return numbers[node * STRIDE + STARTS + index]! < limit
      ? (this.#nodes.items[(node << SHIFT) + index] as Vma)
      : undefined
  }

  previous(vma: Vma): Vma | undefined {
    const node = vma.node!
    const index = this.#startingAt(node, vma.start) - 1
    if (index >= 0) return this.#nodes.items[(node << SHIFT) + index] as Vma
    const previous = this.#nodes.numbers[node * STRIDE + PREVIOUS]!
    if (previous === -1) return undefined
    return this.#nodes.items[(previous << SHIFT) + this.#nodes.numbers[previous * STRIDE + COUNT]! - 1] as Vma
  }

  *[Symbol.iterator](): Generator<Vma> {
    for (let vma = this.first(); vma !== undefined; vma = this.next(vma)) yield vma
  }

  /** Inserts a VMA. Its range must be free. */
  insert(vma: Vma): void {
    const { start } = vma
    let node = this.#root
    for (let level = this.#height; level > 0; level--) {
      const index = this.#startingAt(node, start)
      node = this.#nodes.items[(node << SHIFT) + (index === 0 ? 0 : index - 1)] as number
    }
    this.#add(node, 0, this.#startingAt(node, start), vma)
    this.size++
  }

  /** Removes a VMA. */
  remove(vma: Vma): void {
    const node = vma.node!
    this.#take(node, 0, this.#startingAt(node, vma.start))
    vma.node = undefined
    this.size--
  }

  /** Changes the range of a VMA. The new range must not overlap a neighbour. */
  resize(vma: Vma, start: number, end: number): void {
    const node = vma.node!
    const at = node * STRIDE + this.#startingAt(node, vma.start)
    vma.start = start
    vma.end = end
    this.#nodes.numbers[at + STARTS] = start
    this.#nodes.numbers[at + ENDS] = end
    this.#nodes.refresh(node, 0)
  }

  /**
   * `mas_empty_area_rev`: the end of the highest gap of `length` bytes or more within `[low, high)`, or -1. Addresses outside the two
   * limits do not count.
   */
  highestGap(low: number, high: number, length: number): number {
    return highestGap(this.#nodes, this.#root, this.#height, low, high, length)
  }

  /** `mas_empty_area`: the start of the lowest gap of `length` bytes or more within `[low, high)`, or -1. */
  lowestGap(low: number, high: number, length: number): number {
    return lowestGap(this.#nodes, this.#root, this.#height, low, high, length)
  }

  /** Checks the fields of the nodes against each other and the VMAs. `expect` throws where one is wrong. */
  check(expect: (holds: boolean, message: string) => void): void {
    const count = checkVmaNodes(this.#nodes, this.#root, this.#height, -1, expect)
    expect(count === this.size, `${this.size} VMAs counted, ${count} found in the tree`)
  }

  /** The place in `#items` of the first VMA that ends after `address`, or -1. */
  #firstEndingAfter(address: number): number {
    const { numbers } = this.#nodes
    const { items } = this.#nodes
    let node = this.#root
    for (let level = this.#height; ; level--) {
      const ends = node * STRIDE + ENDS
      let index = 0
      for (let step = CAPACITY >> 1; step > 0; step >>= 1) {
        if (numbers[ends + index + step - 1]! <= address) index += step
      }
      // The last step compares with the item before the last.
      if (numbers[ends + index]! <= address) return -1
      if (numbers[ends + index] === Infinity) return -1
      const place = (node << SHIFT) + index
      if (level === 0) return place
      node = items[place] as number
    }
  }

  /** The first item of a node that starts at `address` or after it, or the number of items. */
  #startingAt(node: number, address: number): number {
    const { numbers } = this.#nodes
    const starts = node * STRIDE + STARTS
    let index = 0
    for (let step = CAPACITY >> 1; step > 0; step >>= 1) {
      if (numbers[starts + index + step - 1]! < address) index += step
    }
    return numbers[starts + index]! < address ? index + 1 : index
  }

  /** Removes an item from a node, and the node from the tree when it becomes empty. */
  #take(node: number, level: number, index: number): void {
    const { numbers } = this.#nodes
    this.#nodes.cut(node, level, index)
    const parent = numbers[node * STRIDE + PARENT]!
    if (parent === -1) {
      while (this.#height > 0 && numbers[this.#root * STRIDE + COUNT] === 1) {
        const child = this.#nodes.items[this.#root << SHIFT] as number
        this.#nodes.giveUp(this.#root)
        this.#root = child
        this.#height--
        numbers[child * STRIDE + PARENT] = -1
      }
      if (node === this.#root) this.#nodes.refresh(node, level)
      return
    }
    const count = numbers[node * STRIDE + COUNT]!
    if (count === 0) {
      const place = this.#nodes.placeIn(parent, node)
      if (level === 0) this.#nodes.unlink(node)
      this.#nodes.giveUp(node)
      this.#take(parent, level + 1, place)
      return
    }
    if (count < sparse && this.#absorbNeighbour(node, level, parent)) return
    this.#nodes.refresh(node, level)
  }

  #absorbNeighbour(node: number, level: number, parent: number): boolean {
    const { numbers } = this.#nodes
    const index = this.#nodes.placeIn(parent, node)
    const count = numbers[node * STRIDE + COUNT]!
    if (index + 1 < numbers[parent * STRIDE + COUNT]!) {
      const upper = this.#nodes.items[(parent << SHIFT) + index + 1] as number
      if (count + numbers[upper * STRIDE + COUNT]! <= CAPACITY - sparse) {
        this.#absorb(node, upper, level, parent, index + 1)
        return true
      }
    }
    if (index > 0) {
      const lower = this.#nodes.items[(parent << SHIFT) + index - 1] as number
      if (count + numbers[lower * STRIDE + COUNT]! <= CAPACITY - sparse) {
        this.#absorb(lower, node, level, parent, index)
        return true
      }
    }
    return false
  }

  #absorb(lower: number, upper: number, level: number, parent: number, upperIndex: number): void {
    const { numbers } = this.#nodes
    const count = numbers[upper * STRIDE + COUNT]!
    for (let at = 0; at < count; at++) {
      this.#nodes.put(lower, level, numbers[lower * STRIDE + COUNT]!, this.#nodes.items[(upper << SHIFT) + at]!)
    }
    if (level === 0) this.#nodes.unlink(upper)
    this.#nodes.giveUp(upper)
    this.#nodes.refresh(lower, level)
    this.#take(parent, level + 1, upperIndex)
  }

  /**
   * Inserts an item into a node. A full node moves a part of its items to a new node above it. At the edges it moves one, so that memory
   * that is mapped in one direction fills its nodes, and a VMA that comes and goes there does not make and free a node each time.
   */
  #add(node: number, level: number, index: number, item: Vma | number): void {
    if (this.#nodes.numbers[node * STRIDE + COUNT]! < CAPACITY) {
      this.#nodes.put(node, level, index, item)
      this.#nodes.refresh(node, level)
      return
    }
    const other = this.#nodes.newNode()
    const below = index === 0
    const keep = index === CAPACITY ? CAPACITY - 1 : CAPACITY / 2
    if (below) {
      this.#nodes.put(other, level, 0, item)
      this.#nodes.put(other, level, 1, this.#nodes.items[node << SHIFT]!)
      this.#nodes.cut(node, level, 0)
    } else {
      for (let at = keep; at < CAPACITY; at++) {
        this.#nodes.put(other, level, at - keep, this.#nodes.items[(node << SHIFT) + at]!)
      }
      for (let at = CAPACITY - 1; at >= keep; at--) this.#nodes.cut(node, level, at)
      if (index <= keep) this.#nodes.put(node, level, index, item)
      else this.#nodes.put(other, level, index - keep, item)
    }
    this.#nodes.refresh(node, level)
    this.#nodes.refresh(other, level)
    if (level === 0) this.#nodes.chain(node, other, below)
    const parent = this.#nodes.numbers[node * STRIDE + PARENT]!
    if (parent === -1) {
      this.#root = this.#nodes.newNode()
      this.#height++
      this.#nodes.put(this.#root, this.#height, 0, node)
      this.#nodes.put(this.#root, this.#height, below ? 0 : 1, other)
      this.#nodes.refresh(this.#root, this.#height)
    } else {
      this.#add(parent, level + 1, this.#nodes.placeIn(parent, node) + (below ? 0 : 1), other)
    }
  }
}

/** The index in `#numbers` of the start of the item at an index in `#items`. */
function startAt(place: number): number {
  return (place >> SHIFT) * STRIDE + STARTS + (place & (CAPACITY - 1))
}
