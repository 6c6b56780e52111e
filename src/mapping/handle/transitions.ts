import type { HeldMemory } from '../memory/held-memory.js'
import type { Mapping } from './mapping.js'

export type HandleClass = new (holding: HeldMemory) => Mapping

/**
 * The class of a handle, by what it proves. The classes put themselves here as they load, so that a transition can make another
 * class's handle without the classes importing each other in a ring.
 */
export const transitions: {
  readonly committed: Map<'none' | 'read' | 'write', HandleClass>
  readonly reserved: Map<'none' | 'read' | 'write', HandleClass>
} = { committed: new Map(), reserved: new Map() }
