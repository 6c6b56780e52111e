import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { differenceBetween } from '../../view/data/difference.js'
import type { ViewData } from '../../view/data/view-data.js'
import { viewDataOf } from '../../view/data/view-data-of.js'
import { readRecordingText } from '../../view/files/read-recording-text.js'
import { readSnapshotText } from '../../view/files/read-snapshot-text.js'
import { ViewInputError } from '../../view/files/view-input-error.js'
import { CommandError } from '../command-error.js'

/** The longest text that is read: what a string of JavaScript holds. */
const MOST_BYTES = 500 * 2 ** 20

/** What one file holds: a snapshot or a recording. Throws `CommandError` that names the file. */
export function readViewFile(path: string): ViewData {
  return inFile(path, (text) => {
    if (isRecording(text)) {
      const { header, areas, steps, ended, warnings } = readRecordingText(text)
      const all = ended
        ? [...warnings, 'the process ended, or ran another program, at the end of the recording']
        : warnings
      return viewDataOf('recording', header, areas, steps, all)
    }
    const { header, areas, warnings } = readSnapshotText(text)
    return viewDataOf('snapshot', header, areas, [], warnings)
  })
}

/** The difference of two snapshots, or of the ends of two recordings: two moments. */
export function readTwoViewFiles(first: string, second: string): ViewData {
  const [before, after] = [first, second].map((path) =>
    inFile(path, (text) => {
      if (!isRecording(text)) return readSnapshotText(text)
      throw new ViewInputError('it is a recording, which has its own moments to compare: show it alone')
    }),
  ) as [ReturnType<typeof readSnapshotText>, ReturnType<typeof readSnapshotText>]
  const warnings = [...before.warnings, ...after.warnings]
  const { header } = before
  if (header.pid !== after.header.pid) warnings.push(`of two processes, ${header.pid} and ${after.header.pid}`)
  if (header.pageSize !== after.header.pageSize) {
    throw new CommandError(`${first} has pages of ${header.pageSize} bytes and ${second} of ${after.header.pageSize}`)
  }
  const time = Math.max(after.header.time, header.time)
  if (after.header.time < header.time) warnings.push(`${basename(second)} was taken before ${basename(first)}`)
  const step = { time, ...differenceBetween(before.areas, after.areas) }
  return viewDataOf('difference', header, before.areas, [step], warnings)
}

/** A recording has an object a line, the first of which ends in its list; a snapshot is one object. */
function isRecording(text: string): boolean {
  const end = text.indexOf('\n')
  if (end < 0 || end === text.length - 1) return /^\{[^[]*"areas":\d/.test(text.slice(0, 1000))
  return text.charAt(end + 1) === '{' || /^\{[^[]*"areas":\d/.test(text.slice(0, 1000))
}

function inFile<Result>(path: string, read: (text: string) => Result): Result {
  let text: string
  try {
    if (statSync(path).size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES / 2 ** 20} MiB`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`can't read ${path}: ${(error as Error).message}`)
  }
  try {
    return read(text)
  } catch (error) {
    if (error instanceof ViewInputError) throw new CommandError(`can't show ${path}: ${error.message}`)
    throw error
  }
}
