import { createReadStream } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import type { Algorithm } from '../../devices/blocks/algorithm.js'
import { CODECS } from '../../devices/blocks/codecs.js'
import { checkPackOptions } from '../../devices/blocks/options/check-pack-options.js'
import { packFile } from '../../devices/blocks/pack-file.js'
import type { PackOptions } from '../../devices/blocks/pack-options.js'
import { packStream } from '../../devices/blocks/pack-stream.js'
import type { PackSummary } from '../../devices/blocks/pack-summary.js'
import { byteSize } from '../byte-size.js'
import { CommandError } from '../command-error.js'
import { printJson } from '../print-json.js'
import { printable } from '../printable.js'
import { fileError } from './file-error.js'
import { interruptible } from './interruptible.js'
import { refuseJsonBeside } from './refuse-json-beside.js'
import { writeOut } from './write-out.js'

const STANDARD = '-'

/** Packs `input` into `output`; either may be `-`. */
export async function make(
  input: string,
  output: string | undefined,
  options: PackOptions & { readonly force: boolean; readonly json: boolean },
): Promise<void> {
  const { force, json, ...packing } = options
  const algorithm = algorithmOf(packing)
  const target = output ?? usualOutput(input, algorithm)
  if (target === STANDARD && process.stdout.isTTY)
    throw new CommandError('a packed file is nothing for a terminal: send it to a file or a pipe')
  if (json) refuseJsonBeside(target, 'packed')
  await interruptible(async (signal) => {
    try {
      const source = input === STANDARD ? addAbortSignal(signal, process.stdin) : input
      if (target === STANDARD) await packToOutput(source, { ...packing, signal })
      else {
        const summary = await packFile(source, target, { ...packing, force, signal })
        if (json) printJson({ input, output: target, algorithm, ...summary })
        else tell(input, target, summary)
      }
    } catch (error) {
      throw explain(error, input, target)
    }
  })
}

function algorithmOf(options: PackOptions): Algorithm {
  try {
    return checkPackOptions(options, 'vmarea pack').algorithm
  } catch (error) {
    throw new CommandError((error as Error).message)
  }
}

function usualOutput(input: string, algorithm: Algorithm): string {
  if (input === STANDARD) throw new CommandError('say with -o FILE where the packed file goes')
  return `${input}${CODECS[algorithm].extension}`
}

async function packToOutput(input: string | AsyncIterable<Uint8Array>, options: PackOptions): Promise<void> {
  const source = typeof input === 'string' ? createReadStream(input) : input
  for await (const bytes of packStream(source, options)) await writeOut(bytes)
}

function tell(input: string, output: string, { size, packedSize, blocks, zeros }: PackSummary): void {
  const parts = [
    `${printable(input)} -> ${printable(output)}`,
    `${byteSize(size) || '0'} -> ${byteSize(packedSize)}`,
    `${blocks} block${blocks === 1 ? '' : 's'}`,
  ]
  if (zeros > 0) parts.push(`${zeros} of zeros`)
  process.stdout.write(`${parts.join(' · ')}\n`)
}

function explain(error: unknown, input: string, output: string): unknown {
  const { path, syscall, code } = error as NodeJS.ErrnoException
  if (syscall === undefined && code !== 'EEXIST') return error
  const reading = path === input || syscall === 'read'
  return fileError(reading ? 'read' : 'write', reading ? input : output, error as NodeJS.ErrnoException)
}
