import { parseArgs } from 'node:util'
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

const help = `Usage: vmarea tour [FILE]

Shows what the package does, on a real file: maps it, reads it, changes its permission,
touches it wrongly, cuts a copy of it short, serves it over HTTP, and says what each step showed.

  FILE   the file to map; by default the running node executable

Examples:
  vmarea tour
  vmarea tour /usr/lib/locale/locale-archive
`

/** `vmarea tour [file]`. Returns the exit code: 1 if a stop did not show what it should. */
export async function tour(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  if (positionals.length > 1) {
    process.stderr.write(`vmarea tour: one file at most, and there are ${positionals.length}\n`)
    return 2
  }
  const context: TourContext = { file: positionals[0] ?? process.execPath, mapping: undefined }
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
