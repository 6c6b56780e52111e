import { completionCommand } from '../commands/completion.js'
import { diffCommand } from '../commands/diff.js'
import { doctorCommand } from '../commands/doctor.js'
import { filesCommand } from '../commands/files.js'
import { helpCommand } from '../commands/help.js'
import { lookupCommand } from '../commands/lookup.js'
import { mapsCommand } from '../commands/maps.js'
import { packCommand } from '../commands/pack.js'
import { serveCommand } from '../commands/serve.js'
import { swapCommand } from '../commands/swap.js'
import { tourCommand } from '../commands/tour.js'
import { viewCommand } from '../commands/view.js'
import { watchCommand } from '../commands/watch.js'
import type { Command } from './command.js'

/** Every command, in the order in which the help lists them. Help, manual page and completion are made from this table. */
export const commands: readonly Command[] = [
  mapsCommand,
  lookupCommand,
  watchCommand,
  viewCommand,
  diffCommand,
  filesCommand,
  doctorCommand,
  packCommand,
  serveCommand,
  swapCommand,
  tourCommand,
  completionCommand,
  helpCommand,
]
