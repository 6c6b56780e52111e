import type { Vma } from './vma.js'

/** Items of a node. */
const capacity = 16
const nodeShift = 4
/** A node with fewer items takes in a neighbour where both fit. */
const sparse = capacity / 4

/**
 * Where a node's numbers lie: first what it is, then where each item ends, then where each starts. Where there is no item, both are
 * `Infinity`, so that a search needs no count.
 */
const COUNT = 0
const PARENT = 1
/** The neighbours of a leaf, or -1. */
const PREVIOUS = 2
const NEXT = 3
/** The largest gap between items or inside one. */
const GAP = 4
const ENDS = 8
const STARTS = ENDS + capacity
const stride = STARTS + capacity

/**
 * The VMAs of an address space in order of address: a B+-tree whose nodes know the largest gap below them, as the kernel's maple tree.
 *
 * Every search, the one for a free range included, takes time logarithmic in the number of VMAs. A node is a number: what it knows lies
 * in one array of numbers, what it holds in one array of items. So a search touches a few neighbouring lines of memory a node, and
 * nothing of the VMAs; with a million of them, little else counts.
 */
export class VmaTree {
  /** Of each node, `stride` numbers. */
  #numbers = new Float64Array(4 * stride)
  /** Of each node among nodes, the largest gap inside each of its items. Apart, so that leaves, which have none, lie closer together. */
  #gaps = new Float64Array(4 * capacity)
  /** Of each node, `capacity` VMAs (a leaf) or nodes. */
  readonly #items: (Vma | number | undefined)[] = []
  /** Nodes that were given up. */
  readonly #spare: number[] = []
  #root: number
  /** Nodes on the way from the root to a leaf, without the leaf. */
  #height = 0
  /** `map_count` */
  size = 0

  constructor() {
    this.#root = this.#newNode()
  }

  first(): Vma | undefined {
    let node = this.#root
    for (let level = this.#height; level > 0; level--) node = this.#items[node << nodeShift] as number
    return this.#items[node << nodeShift] as Vma | undefined
  }

  /** `find_vma`: the first VMA that ends after `address`. */
  find(address: number): Vma | undefined {
    const place = this.#firstEndingAfter(address)
    return place === -1 ? undefined : (this.#items[place] as Vma)
  }

  /** `vma_lookup`: the VMA that contains `address`. */
  lookup(address: number): Vma | undefined {
    return this.intersection(address, address + 1)
  }

  /** `find_vma_intersection`: the first VMA that overlaps `[start, end)`. */
  intersection(start: number, end: number): Vma | undefined {
    const place = this.#firstEndingAfter(start)
    if (place === -1) return undefined
    return this.#numbers[startAt(place)]! < end ? (this.#items[place] as Vma) : undefined
  }

  /** The last VMA that starts before `address`. */
  before(address: number): Vma | undefined {
    let node = this.#root
    for (let level = this.#height; ; level--) {
      const index = this.#startingAt(node, address) - 1
      if (index < 0) return undefined
      const item = this.#items[(node << nodeShift) + index]
      if (level === 0) return item as Vma
      node = item as number
    }
  }

  /** The VMA after one, if it starts below `limit`. */
  next(vma: Vma, limit = Infinity): Vma | undefined {
    const numbers = this.#numbers
    let node = vma.node!
    let index = this.#startingAt(node, vma.start) + 1
    if (index >= numbers[node * stride + COUNT]!) {
      node = numbers[node * stride + NEXT]!
      index = 0
      if (node === -1) return undefined
    }
    return numbers[node * stride + STARTS + index]! < limit
      ? (this.#items[(node << nodeShift) + index] as Vma)
      : undefined
  }

  previous(vma: Vma): Vma | undefined {
    const node = vma.node!
    const index = this.#startingAt(node, vma.start) - 1
    if (index >= 0) return this.#items[(node << nodeShift) + index] as Vma
    const previous = this.#numbers[node * stride + PREVIOUS]!
    if (previous === -1) return undefined
    return this.#items[(previous << nodeShift) + this.#numbers[previous * stride + COUNT]! - 1] as Vma
  }

  *[Symbol.iterator](): Generator<Vma> {
    for (let vma = this.first(); vma !== undefined; vma = this.next(vma)) yield vma
  }

  /** Puts a VMA in. Its range must be free. */
  insert(vma: Vma): void {
    const { start } = vma
    let node = this.#root
    for (let level = this.#height; level > 0; level--) {
      const index = this.#startingAt(node, start)
      node = this.#items[(node << nodeShift) + (index === 0 ? 0 : index - 1)] as number
    }
    this.#add(node, 0, this.#startingAt(node, start), vma)
    this.size++
  }

  /** Takes a VMA out. */
  remove(vma: Vma): void {
    const node = vma.node!
    this.#take(node, 0, this.#startingAt(node, vma.start))
    vma.node = undefined
    this.size--
  }

  /** Changes the range of a VMA. It must not reach into a neighbour. */
  resize(vma: Vma, start: number, end: number): void {
    const node = vma.node!
    const at = node * stride + this.#startingAt(node, vma.start)
    vma.start = start
    vma.end = end
    this.#numbers[at + STARTS] = start
    this.#numbers[at + ENDS] = end
    this.#refresh(node, 0)
  }

  /**
   * `mas_empty_area_rev`: the end of the highest gap of `length` bytes or more within `[low, high)`, or -1. What lies outside the two
   * limits does not count.
   */
  highestGap(low: number, high: number, length: number): number {
    const numbers = this.#numbers
    const base = this.#root * stride
    const count = numbers[base + COUNT]!
    if (count === 0) return high - low >= length ? high : -1
    const last = Math.max(numbers[base + ENDS + count - 1]!, low)
    if (high - last >= length) return high
    const found = this.#highestGapIn(this.#root, this.#height, low, high, length)
    if (found !== -1) return found
    const first = Math.min(numbers[base + STARTS]!, high)
    return first - low >= length ? first : -1
  }

  /** `mas_empty_area`: the start of the lowest gap of `length` bytes or more within `[low, high)`, or -1. */
  lowestGap(low: number, high: number, length: number): number {
    const numbers = this.#numbers
    const base = this.#root * stride
    const count = numbers[base + COUNT]!
    if (count === 0) return high - low >= length ? low : -1
    const first = Math.min(numbers[base + STARTS]!, high)
    if (first - low >= length) return low
    const found = this.#lowestGapIn(this.#root, this.#height, low, high, length)
    if (found !== -1) return found
    const last = Math.max(numbers[base + ENDS + count - 1]!, low)
    return high - last >= length ? last : -1
  }

  /** Checks that what the nodes know of each other and of the VMAs is so. `expect` throws where it is not. */
  check(expect: (holds: boolean, message: string) => void): void {
    const count = this.#checkNode(this.#root, this.#height, -1, expect)
    expect(count === this.size, `${this.size} VMAs counted, ${count} found in the tree`)
  }

  /** The place in `#items` of the first VMA that ends after `address`, or -1. */
  #firstEndingAfter(address: number): number {
    const numbers = this.#numbers
    const items = this.#items
    let node = this.#root
    for (let level = this.#height; ; level--) {
      const ends = node * stride + ENDS
      let index = 0
      for (let step = capacity >> 1; step > 0; step >>= 1) {
        if (numbers[ends + index + step - 1]! <= address) index += step
      }
      // The last step is one short of the last item.
      if (numbers[ends + index]! <= address) return -1
      if (numbers[ends + index] === Infinity) return -1
      const place = (node << nodeShift) + index
      if (level === 0) return place
      node = items[place] as number
    }
  }

  /** The first item of a node that starts at `address` or after it, or the number of items. */
  #startingAt(node: number, address: number): number {
    const numbers = this.#numbers
    const starts = node * stride + STARTS
    let index = 0
    for (let step = capacity >> 1; step > 0; step >>= 1) {
      if (numbers[starts + index + step - 1]! < address) index += step
    }
    return numbers[starts + index]! < address ? index + 1 : index
  }

  #put(node: number, level: number, index: number, item: Vma | number): void {
    const numbers = this.#numbers
    const items = this.#items
    const base = node * stride
    const first = node << nodeShift
    const count = numbers[base + COUNT]!
    for (let at = count; at > index; at--) {
      items[first + at] = items[first + at - 1]
      numbers[base + STARTS + at] = numbers[base + STARTS + at - 1]!
      numbers[base + ENDS + at] = numbers[base + ENDS + at - 1]!
      if (level > 0) this.#gaps[first + at] = this.#gaps[first + at - 1]!
    }
    items[first + index] = item
    numbers[base + COUNT] = count + 1
    if (level > 0) {
      numbers[(item as number) * stride + PARENT] = node
      this.#describe(node, index, item as number)
    } else {
      const vma = item as Vma
      vma.node = node
      numbers[base + STARTS + index] = vma.start
      numbers[base + ENDS + index] = vma.end
    }
  }

  #cut(node: number, level: number, index: number): void {
    const numbers = this.#numbers
    const items = this.#items
    const base = node * stride
    const first = node << nodeShift
    const last = numbers[base + COUNT]! - 1
    for (let at = index; at < last; at++) {
      items[first + at] = items[first + at + 1]
      numbers[base + STARTS + at] = numbers[base + STARTS + at + 1]!
      numbers[base + ENDS + at] = numbers[base + ENDS + at + 1]!
      if (level > 0) this.#gaps[first + at] = this.#gaps[first + at + 1]!
    }
    items[first + last] = undefined
    numbers[base + STARTS + last] = Infinity
    numbers[base + ENDS + last] = Infinity
    numbers[base + COUNT] = last
  }

  /** Tells a node what the one among its items spans. */
  #describe(node: number, index: number, child: number): void {
    const numbers = this.#numbers
    const at = node * stride + index
    const base = child * stride
    const count = numbers[base + COUNT]!
    if (count === 0) return
    numbers[at + STARTS] = numbers[base + STARTS]!
    numbers[at + ENDS] = numbers[base + ENDS + count - 1]!
    this.#gaps[(node << nodeShift) + index] = numbers[base + GAP]!
  }

  /** Computes a node's largest gap anew and carries what has changed to the root. */
  #refresh(start: number, startLevel: number): void {
    const numbers = this.#numbers
    this.#measure(start, startLevel)
    let node = start
    for (let level = startLevel + 1; ; level++) {
      const base = node * stride
      const count = numbers[base + COUNT]!
      const parent = numbers[base + PARENT]!
      if (parent === -1 || count === 0) return
      const place = this.#placeIn(parent, node)
      const at = parent * stride + place
      const first = numbers[base + STARTS]!
      const last = numbers[base + ENDS + count - 1]!
      const gap = numbers[base + GAP]!
      const before = this.#gaps[(parent << nodeShift) + place]!
      const sameRange = numbers[at + STARTS] === first && numbers[at + ENDS] === last
      if (sameRange && before === gap) return
      numbers[at + STARTS] = first
      numbers[at + ENDS] = last
      this.#gaps[(parent << nodeShift) + place] = gap
      // Only where its largest gap may have been this one must a parent look at all that it has.
      const largest = numbers[parent * stride + GAP]!
      if (sameRange && gap >= largest) numbers[parent * stride + GAP] = gap
      else if (!sameRange || before === largest) this.#measure(parent, level)
      node = parent
    }
  }

  /** Computes a node's largest gap. */
  #measure(node: number, level: number): void {
    const numbers = this.#numbers
    const base = node * stride
    const count = numbers[base + COUNT]!
    let gap = 0
    for (let at = 1; at < count; at++) {
      const before = numbers[base + STARTS + at]! - numbers[base + ENDS + at - 1]!
      if (before > gap) gap = before
    }
    if (level > 0) {
      for (let at = 0; at < count; at++) {
        const inside = this.#gaps[(node << nodeShift) + at]!
        if (inside > gap) gap = inside
      }
    }
    numbers[base + GAP] = gap
  }

  /** The index of a node in its parent. */
  #placeIn(parent: number, node: number): number {
    const items = this.#items
    const first = parent << nodeShift
    let index = 0
    while (items[first + index] !== node) index++
    return index
  }

  /** Takes an item out of a node, and the node out of the tree when nothing is left. */
  #take(node: number, level: number, index: number): void {
    const numbers = this.#numbers
    this.#cut(node, level, index)
    const parent = numbers[node * stride + PARENT]!
    if (parent === -1) {
      while (this.#height > 0 && numbers[this.#root * stride + COUNT] === 1) {
        const child = this.#items[this.#root << nodeShift] as number
        this.#giveUp(this.#root)
        this.#root = child
        this.#height--
        numbers[child * stride + PARENT] = -1
      }
      if (node === this.#root) this.#refresh(node, level)
      return
    }
    const count = numbers[node * stride + COUNT]!
    if (count === 0) {
      const place = this.#placeIn(parent, node)
      if (level === 0) this.#unlink(node)
      this.#giveUp(node)
      this.#take(parent, level + 1, place)
      return
    }
    if (count < sparse && this.#absorbNeighbour(node, level, parent)) return
    this.#refresh(node, level)
  }

  #absorbNeighbour(node: number, level: number, parent: number): boolean {
    const numbers = this.#numbers
    const index = this.#placeIn(parent, node)
    const count = numbers[node * stride + COUNT]!
    if (index + 1 < numbers[parent * stride + COUNT]!) {
      const upper = this.#items[(parent << nodeShift) + index + 1] as number
      if (count + numbers[upper * stride + COUNT]! <= capacity - sparse) {
        this.#absorb(node, upper, level, parent, index + 1)
        return true
      }
    }
    if (index > 0) {
      const lower = this.#items[(parent << nodeShift) + index - 1] as number
      if (count + numbers[lower * stride + COUNT]! <= capacity - sparse) {
        this.#absorb(lower, node, level, parent, index)
        return true
      }
    }
    return false
  }

  #absorb(lower: number, upper: number, level: number, parent: number, upperIndex: number): void {
    const numbers = this.#numbers
    const count = numbers[upper * stride + COUNT]!
    for (let at = 0; at < count; at++) {
      this.#put(lower, level, numbers[lower * stride + COUNT]!, this.#items[(upper << nodeShift) + at]!)
    }
    if (level === 0) this.#unlink(upper)
    this.#giveUp(upper)
    this.#refresh(lower, level)
    this.#take(parent, level + 1, upperIndex)
  }

  /**
   * Puts an item into a node, of which a part moves to a new node above it when it is full. At the edges only what must move does,
   * so that memory mapped in one direction fills its nodes.
   */
  #add(node: number, level: number, index: number, item: Vma | number): void {
    if (this.#numbers[node * stride + COUNT]! < capacity) {
      this.#put(node, level, index, item)
      this.#refresh(node, level)
      return
    }
    const other = this.#newNode()
    const below = index === 0
    const keep = index === capacity ? capacity : capacity / 2
    if (below) {
      this.#put(other, level, 0, item)
    } else {
      for (let at = keep; at < capacity; at++) {
        this.#put(other, level, at - keep, this.#items[(node << nodeShift) + at]!)
      }
      for (let at = capacity - 1; at >= keep; at--) this.#cut(node, level, at)
      if (index <= keep && keep < capacity) this.#put(node, level, index, item)
      else this.#put(other, level, index - keep, item)
      this.#refresh(node, level)
    }
    this.#refresh(other, level)
    if (level === 0) this.#chain(node, other, below)
    const parent = this.#numbers[node * stride + PARENT]!
    if (parent === -1) {
      this.#root = this.#newNode()
      this.#height++
      this.#put(this.#root, this.#height, 0, node)
      this.#put(this.#root, this.#height, below ? 0 : 1, other)
      this.#refresh(this.#root, this.#height)
    } else {
      this.#add(parent, level + 1, this.#placeIn(parent, node) + (below ? 0 : 1), other)
    }
  }

  /** A node without items and neighbours. */
  #newNode(): number {
    const node = this.#spare.pop() ?? this.#items.length >> nodeShift
    if (node << nodeShift === this.#items.length) {
      for (let at = 0; at < capacity; at++) this.#items.push(undefined)
      if ((node + 1) * stride > this.#numbers.length) {
        this.#numbers = larger(this.#numbers, Math.ceil((node + 1) * 1.25) * stride)
        this.#gaps = larger(this.#gaps, Math.ceil((node + 1) * 1.25) * capacity)
      }
    }
    const base = node * stride
    this.#numbers.fill(0, base, base + ENDS)
    this.#numbers.fill(-1, base + PARENT, base + NEXT + 1)
    this.#numbers.fill(Infinity, base + ENDS, base + stride)
    return node
  }

  #giveUp(node: number): void {
    this.#items.fill(undefined, node << nodeShift, (node + 1) << nodeShift)
    this.#spare.push(node)
  }

  /** Puts a leaf into the chain of leaves, beside another one. */
  #chain(node: number, other: number, below: boolean): void {
    const numbers = this.#numbers
    const previous = below ? numbers[node * stride + PREVIOUS]! : node
    const next = below ? node : numbers[node * stride + NEXT]!
    numbers[other * stride + PREVIOUS] = previous
    numbers[other * stride + NEXT] = next
    if (previous !== -1) numbers[previous * stride + NEXT] = other
    if (next !== -1) numbers[next * stride + PREVIOUS] = other
  }

  /** Takes a leaf out of the chain of leaves. */
  #unlink(node: number): void {
    const numbers = this.#numbers
    const previous = numbers[node * stride + PREVIOUS]!
    const next = numbers[node * stride + NEXT]!
    if (previous !== -1) numbers[previous * stride + NEXT] = next
    if (next !== -1) numbers[next * stride + PREVIOUS] = previous
  }

  #highestGapIn(node: number, level: number, low: number, high: number, length: number): number {
    const numbers = this.#numbers
    const base = node * stride
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
      if (level === 0 || numbers[base + STARTS + at]! >= high || this.#gaps[(node << nodeShift) + at]! < length)
        continue
      const found = this.#highestGapIn(this.#items[(node << nodeShift) + at] as number, level - 1, low, high, length)
      if (found !== -1) return found
    }
    return -1
  }

  #lowestGapIn(node: number, level: number, low: number, high: number, length: number): number {
    const numbers = this.#numbers
    const base = node * stride
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
      if (level === 0 || numbers[base + ENDS + at]! <= low || this.#gaps[(node << nodeShift) + at]! < length) continue
      const found = this.#lowestGapIn(this.#items[(node << nodeShift) + at] as number, level - 1, low, high, length)
      if (found !== -1) return found
    }
    return -1
  }

  /** Returns the number of VMAs below a node. */
  #checkNode(node: number, level: number, parent: number, expect: (holds: boolean, message: string) => void): number {
    const numbers = this.#numbers
    const base = node * stride
    const count = numbers[base + COUNT]!
    expect(numbers[base + PARENT] === parent, 'a node of the tree has another parent')
    expect(count > 0 || parent === -1, 'a node of the tree is empty')
    let gap = 0
    let vmas = 0
    for (let at = 0; at < capacity; at++) {
      const item = this.#items[(node << nodeShift) + at]
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
      vmas += this.#checkNode(item, level - 1, node, expect)
      const child = item * stride
      const last = numbers[child + ENDS + numbers[child + COUNT]! - 1]
      expect(level > 0 && numbers[child + STARTS] === start && last === end, 'a node knows another range of one below')
      expect(numbers[child + GAP] === this.#gaps[(node << nodeShift) + at], 'a node knows another gap of one below')
      gap = Math.max(gap, numbers[child + GAP]!)
    }
    expect(numbers[base + GAP] === gap, `a node of the tree has gap ${numbers[base + GAP]} instead of ${gap}`)
    return vmas
  }
}

/** Where the start of the item at a place in `#items` is in `#numbers`. */
function startAt(place: number): number {
  return (place >> nodeShift) * stride + STARTS + (place & (capacity - 1))
}

function larger(numbers: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const all = new Float64Array(length)
  all.set(numbers)
  return all
}
