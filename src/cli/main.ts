#!/usr/bin/env node
import { debuglog } from 'node:util'
import { exitCodeOf } from './command-error.js'
import { EXIT } from './exit-code.js'
import { version } from './version.js'

const debug = debuglog('vmarea')

const HELP = `vmarea: look at virtual memory areas

  vmarea maps [PID]            the areas of a process, folded by what is mapped
  vmarea lookup PID ADDRESS    the area at an address, and why it ends where it does
  vmarea watch PID             changes as they happen, one a line
  vmarea diff A B              what changed between two saved snapshots
  vmarea doctor [PID]          what this machine allows, or who is stuck in a fault
  vmarea pack FILE             compress a file so that any part can be read alone
  vmarea tour                  a walk through the package

  vmarea COMMAND --help        options and examples of a command
  vmarea --version

Exit codes: 0 done, 1 failed, 2 usage, 3 no such process, 4 not permitted.
NO_COLOR=1 turns colour off; there is none in a pipe.
`

/** Runs one command. Each lives in a file of its own that is loaded only when it is asked for. */
async function run(command: string | undefined, args: string[]): Promise<number> {
  switch (command) {
    case 'maps': {
      const { maps } = await import('./maps.js')
      return maps(args)
    }
    case 'lookup': {
      const { lookup } = await import('./lookup.js')
      return lookup(args)
    }
    case 'watch': {
      const { watch } = await import('./watch.js')
      return watch(args)
    }
    case 'diff': {
      const { diff } = await import('./diff.js')
      return diff(args)
    }
    case 'doctor': {
      const { doctor } = await import('./doctor.js')
      return doctor(args)
    }
    case 'pack': {
      const { pack } = await import('./pack.js')
      return pack(args)
    }
    case 'tour': {
      const { tour } = await import('./tour.js')
      return tour(args)
    }
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(HELP)
      return EXIT.OK
    case '--version':
      process.stdout.write(`${version()}\n`)
      return EXIT.OK
    case undefined:
      process.stderr.write(HELP)
      return EXIT.USAGE
    default:
      process.stderr.write(`vmarea: there is no command ${JSON.stringify(command)}; vmarea --help lists them\n`)
      return EXIT.USAGE
  }
}

// Whoever reads the output may have seen enough: `vmarea maps 1234 | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.OK)
  throw error
})

const [command, ...args] = process.argv.slice(2)
run(command, args).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    debug('%O', error)
    process.stderr.write(
      `vmarea${command === undefined ? '' : ` ${command}`}: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exitCode = exitCodeOf(error)
  },
)
