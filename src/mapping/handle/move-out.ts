/** How a method takes the memory out of a handle, to pass it on: `handle[moveOut]()`. Not exported from the package. */
export const moveOut: unique symbol = Symbol('moveOut')
