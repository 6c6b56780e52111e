/**
 * The layout of a node of a `VmaTree` in its array of numbers: its own fields, then the end of each item, then the start of each. Of an
 * empty place both are `Infinity`, so that a search requires no count.
 */
export const VMA_NODE = {
  /** The most items of a node, and that number as a shift. */
  CAPACITY: 16,
  SHIFT: 4,
  COUNT: 0,
  PARENT: 1,
  /** The neighbours of a leaf, or -1. */
  PREVIOUS: 2,
  NEXT: 3,
  /** The largest gap between the items or inside one of them. */
  GAP: 4,
  ENDS: 8,
  STARTS: 24,
  /** The count of numbers of a node. */
  STRIDE: 40,
} as const
