/** If more files fail, `--again` does not run them again: the cause is not the load of the machine. */
export const MOST_UNSTEADY = 3
