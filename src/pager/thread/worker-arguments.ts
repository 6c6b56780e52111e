/** Options of Node's that take a value and say how modules are found. */
const withValue = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C|--disable-warning)$/
const alike =
  /^(--(import|require|loader|conditions|disable-warning)=|--(no-)?experimental-|--enable-source-maps|--preserve-symlinks|--no-warnings|--trace-warnings)/

/**
 * What of this process's options a thread of the pager's is started with: how modules are found and loaded, for the driver's, and
 * nothing else. A Worker refuses some of the others, such as V8's, and takes `--eval` for a program of its own.
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
