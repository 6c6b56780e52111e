import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { packageRoot } from '../linux/addon/package-root.js'
import { CommandError } from './command-error.js'
import { paint } from './paint.js'
import { printJson } from './print-json.js'
import { outputWidth } from './table.js'
import { catchAFault } from './tour/catch-a-fault.js'
import { mapTheFile } from './tour/map-the-file.js'
import { readOverHttp } from './tour/read-over-http.js'
import { readThroughTheView } from './tour/read-through-the-view.js'
import type { Stop, TourContext } from './tour/stop.js'
import { surviveACut } from './tour/survive-a-cut.js'
import { swapOut } from './tour/swap-out.js'
import { touchWrongly } from './tour/touch-wrongly.js'
import { unmapIt } from './tour/unmap-it.js'
import { walkThePermissions } from './tour/walk-the-permissions.js'
import { wrap } from './wrap.js'

const NEXT = `What next:
  docs/start.md        the first ten lines of your own, and which page to read for what
  docs/concepts.md     areas, pages, faults and pagers, with pictures
  docs/recipes.md      whole programs for common tasks
  examples/            programs to run: node examples/read-a-file.mjs
  vmarea maps node     what is in the memory of the Node programs that run now
  vmarea view          a page to try system calls on a modelled kernel
  vmarea doctor        what this machine allows
(In a checkout, vmarea is node dist/cli/main.js.)
`

const stops: readonly Stop[] = [
  mapTheFile,
  readThroughTheView,
  touchWrongly,
  surviveACut,
  walkThePermissions,
  unmapIt,
  catchAFault,
  readOverHttp,
  swapOut,
]

/** What became of a step. */
interface Result {
  readonly lines: readonly string[]
  readonly milliseconds: number
  /** `null` where the step came out as it said. */
  readonly error: string | null
}

/** `vmarea tour [file]`. Returns the exit code: 1 if a stop did not show what it should. */
export async function tour({ json }: { readonly json: boolean }, operands: readonly string[]): Promise<number> {
  if (operands.length > 1) {
    throw new CommandError(`one file at most, and there are ${operands.length}`)
  }
  const context: TourContext = { file: operands[0] ?? process.execPath, mapping: undefined }
  let failed = 0
  if (!json) begin()
  for (const [index, stop] of stops.entries()) {
    if (!json) announce(index, stop)
    await turn() // Where no one reads, the error of the output ends the tour.
    const result = await walk(stop, context)
    if (json) printStep(index, stop, result)
    else print(result)
    if (result.error === null) continue
    failed++
    // Without the file there is nothing to walk through.
    if (context.mapping === undefined) return 1
  }
  if (!json) end(failed)
  return failed === 0 ? 0 : 1
}

async function walk(stop: Stop, context: TourContext): Promise<Result> {
  const started = performance.now()
  const result = (lines: readonly string[], error: string | null) => ({
    lines,
    milliseconds: performance.now() - started,
    error,
  })
  try {
    return result(await stop.show(context), null)
  } catch (error) {
    return result([], error instanceof Error ? error.message : String(error))
  }
}

function begin(): void {
  say(
    `A tour of vmarea in ${stops.length} steps, on a real file. Each step does what it says and checks that it came out so.`,
  )
  process.stdout.write('\n')
}

function announce(index: number, { title, explanation }: Stop): void {
  process.stdout.write(`${paint('bold', `${index + 1}. ${title}`)}\n`)
  for (const line of wrap(oneLine(explanation), width() - 3)) process.stdout.write(`   ${paint('dim', line)}\n`)
}

function print({ lines, milliseconds, error }: Result): void {
  for (const line of lines) process.stdout.write(`   > ${line}\n`)
  process.stdout.write(error === null ? `   > ${milliseconds.toFixed(1)} ms\n\n` : `   failed: ${error}\n\n`)
}

function printStep(index: number, { title, explanation }: Stop, result: Result): void {
  printJson({ step: index + 1, steps: stops.length, title, explanation: oneLine(explanation), ...result })
}

function end(failed: number): void {
  process.stdout.write(
    failed === 0
      ? 'Every step came out as it said, and the process lives.\n'
      : `${failed} of ${stops.length} steps failed.\n`,
  )
  process.stdout.write(`\n${NEXT}`)
  const picture = join(packageRoot()?.folder ?? '.', 'docs', 'viewing.png')
  process.stdout.write(`To see an address space in the browser: vmarea view PID. A picture of it: ${picture}\n`)
}

function say(text: string): void {
  for (const line of wrap(oneLine(text), width())) process.stdout.write(`${line}\n`)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

function width(): number {
  return Math.min(outputWidth(), 100)
}
