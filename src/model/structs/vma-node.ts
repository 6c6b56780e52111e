/**
 * How a node of a `VmaTree` lies in its numbers: first what it is, then where each item ends, then where each starts. Where there is no
 * item, both are `Infinity`, so that a search needs no count.
 */
export const VMA_NODE = {
  /** Items of a node, and their number as a shift. */
  CAPACITY: 16,
  SHIFT: 4,
  COUNT: 0,
  PARENT: 1,
  /** The neighbours of a leaf, or -1. */
  PREVIOUS: 2,
  NEXT: 3,
  /** The largest gap between items or inside one. */
  GAP: 4,
  ENDS: 8,
  STARTS: 24,
  /** Numbers of a node. */
  STRIDE: 40,
} as const
