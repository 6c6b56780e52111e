const VERSION = 1

/** Prints one object with the version of the format of `vmarea pack --json`. */
export function printJson(object: object): void {
  process.stdout.write(`${JSON.stringify({ version: VERSION, ...object })}\n`)
}
