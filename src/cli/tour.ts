import { CommandError } from './command-error.js'
import { catchAFault } from './tour/catch-a-fault.js'
import { mapTheFile } from './tour/map-the-file.js'
import { readOverHttp } from './tour/read-over-http.js'
import { readThroughTheView } from './tour/read-through-the-view.js'
import type { Stop, TourContext } from './tour/stop.js'
import { surviveACut } from './tour/survive-a-cut.js'
import { touchWrongly } from './tour/touch-wrongly.js'
import { unmapIt } from './tour/unmap-it.js'
import { walkThePermissions } from './tour/walk-the-permissions.js'

const stops: readonly Stop[] = [
  mapTheFile,
  readThroughTheView,
  walkThePermissions,
  touchWrongly,
  surviveACut,
  catchAFault,
  unmapIt,
  readOverHttp,
]

/** `vmarea tour [file]`. Returns the exit code: 1 if a stop did not show what it should. */
export async function tour(_: object, operands: readonly string[]): Promise<number> {
  if (operands.length > 1) {
    throw new CommandError(`one file at most, and there are ${operands.length}`)
  }
  const context: TourContext = { file: operands[0] ?? process.execPath, mapping: undefined }
  let failed = 0
  for (const [index, stop] of stops.entries()) {
    process.stdout.write(`${index + 1}. ${stop.title}\n`)
    const started = performance.now()
    try {
      for (const line of await stop.show(context)) process.stdout.write(`   ${line}\n`)
      process.stdout.write(`   ${(performance.now() - started).toFixed(1)} ms\n\n`)
    } catch (error) {
      failed++
      process.stdout.write(`   failed: ${error instanceof Error ? error.message : String(error)}\n\n`)
      // Without the file there is nothing to walk through.
      if (context.mapping === undefined) return 1
    }
  }
  process.stdout.write(
    failed === 0 ? 'The process lives, and nothing was lost.\n' : `${failed} of ${stops.length} stops failed.\n`,
  )
  return failed === 0 ? 0 : 1
}
