/**
 * The errors with which hooks of drivers refused something. They are the driver's own, whatever their number: none is explained by a limit
 * of the process.
 */
export const hookErrors: WeakSet<Error> = new WeakSet()
