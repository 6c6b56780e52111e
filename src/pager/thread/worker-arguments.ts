/** Options of Node that take a value and decide how modules are found. */
const withValue = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C|--disable-warning)$/
const alike =
  /^(--(import|require|loader|conditions|disable-warning)=|--(no-)?experimental-|--enable-source-maps|--preserve-symlinks|--no-warnings|--trace-warnings)/

/**
 * The options of this process that a pager's thread inherits: those that decide how the driver's modules are found and loaded. A Worker
 * refuses some others, such as V8's, and would run `--eval` as its own program.
 */
export function workerArguments(execArguments: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < execArguments.length; index++) {
    const argument = execArguments[index]!
    if (withValue.test(argument)) kept.push(argument, execArguments[++index] ?? '')
    else if (alike.test(argument)) kept.push(argument)
  }
  return kept
}
