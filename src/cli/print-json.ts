/** Prints one object, with the version of the command's format, for programs. */
export function printJson(object: object): void {
  process.stdout.write(`${JSON.stringify({ version: 1, ...object })}\n`)
}
