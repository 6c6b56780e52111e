import type { HeldMemory } from '../memory/held-memory.js'
import type { Mapping } from './mapping.js'

export type HandleClass = new (holding: HeldMemory) => Mapping

/**
 * The class of a handle, by the permission that it proves. Each class enters itself when it loads, so that a transition can make a handle
 * of another class without a circle of imports.
 */
export const transitions: {
  readonly committed: Map<'none' | 'read' | 'write', HandleClass>
  readonly reserved: Map<'none' | 'read' | 'write', HandleClass>
} = { committed: new Map(), reserved: new Map() }
