/** How the command ends. `docs/command.md` has the table. */
export const EXIT = {
  OK: 0,
  /** Something went wrong that is none of the others. */
  FAILED: 1,
  /** The command line, or a file named on it, can't be understood. */
  USAGE: 2,
  NO_SUCH_PROCESS: 3,
  NOT_PERMITTED: 4,
} as const
