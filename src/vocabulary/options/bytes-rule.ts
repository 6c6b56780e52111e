import type { ValueRule } from './check-options.js'

/** A rule for bytes that a call copies. */
export const bytesRule: ValueRule = { must: 'a Uint8Array', holds: (value) => value instanceof Uint8Array }
