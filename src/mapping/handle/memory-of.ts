/**
 * How the library reaches the memory behind a handle of any class: `handle[memoryOf]()` throws on a moved or unmapped handle.
 * Not exported from the package.
 */
export const memoryOf: unique symbol = Symbol('memoryOf')
