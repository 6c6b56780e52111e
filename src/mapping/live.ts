/**
 * How the library reaches the holding behind a handle of any class: `handle[live]()` throws on a moved or unmapped handle.
 * Not exported from the package.
 */
export const live: unique symbol = Symbol('live')
