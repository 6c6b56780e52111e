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

/** What each exit code means, for the manual page. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  [EXIT.OK]: 'done. That nothing is mapped at an address is an answer and no failure',
  [EXIT.FAILED]: 'it failed: a file is damaged or can not be written, or the kernel returned an unexpected error',
  [EXIT.USAGE]: 'the command line, or a file that it names, can not be understood',
  [EXIT.NO_SUCH_PROCESS]: 'there is no such process, or it has no memory',
  [EXIT.NOT_PERMITTED]: 'not permitted: the message names the right that is missing',
}
