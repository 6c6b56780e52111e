import { type ViewArea, viewArea } from '../data/view-area.js'
import type { ViewHeader } from '../data/view-data.js'
import { whatIsWrongWith } from './check-area.js'
import { ViewInputError } from './view-input-error.js'

/** A snapshot that `vmarea maps --save` wrote, checked. Throws {@link ViewInputError} with what is wrong and where. */
export function readSnapshotText(text: string): { header: ViewHeader; areas: ViewArea[]; warnings: string[] } {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text)
  } catch {
    throw new ViewInputError(
      'it is not JSON: vmarea maps PID --save FILE writes a snapshot, vmarea watch PID --record FILE a recording',
    )
  }
  const header = headerOf(value)
  const warnings: string[] = []
  return { header, areas: areasOf(value.areas, header.pageSize, 'areas', warnings), warnings }
}

/** The header of a snapshot or of a recording, checked. */
export function headerOf(value: unknown): ViewHeader {
  if (typeof value !== 'object' || value === null) throw new ViewInputError('it does not begin with an object')
  const { version, pid, time, kernel, pageSize } = value as Record<string, unknown>
  if (version !== 1)
    throw new ViewInputError(`it has version ${JSON.stringify(version)}, and this vmarea reads version 1`)
  if (!Number.isInteger(pid) || (pid as number) < 0) throw new ViewInputError(`pid is ${JSON.stringify(pid)}`)
  const milliseconds = typeof time === 'string' ? Date.parse(time) : Number.NaN
  if (Number.isNaN(milliseconds)) throw new ViewInputError(`time is ${JSON.stringify(time)}, which is no ISO 8601 time`)
  const size = pageSize as number
  if (!Number.isInteger(size) || size < 1024 || size > 2 ** 30 || 2 ** Math.round(Math.log2(size)) !== size) {
    throw new ViewInputError(`pageSize is ${JSON.stringify(pageSize)}, which is no size of a page`)
  }
  return {
    pid: pid as number,
    program: null,
    kernel: typeof kernel === 'string' ? kernel.slice(0, 200) : 'unknown',
    pageSize: size,
    time: milliseconds,
  }
}

/** A list of areas, checked and in order. Throws where one is none; areas that overlap are kept, with a warning. */
export function areasOf(value: unknown, pageSize: number, name: string, warnings: string[]): ViewArea[] {
  if (!Array.isArray(value)) throw new ViewInputError(`${name} is no list`)
  const areas: ViewArea[] = []
  let isOrdered = true
  for (const [at, one] of value.entries()) {
    const wrong = whatIsWrongWith(one, pageSize)
    if (wrong !== undefined) throw new ViewInputError(`${name}[${at}]: ${wrong}`)
    const area = viewArea(one, pageSize)
    if (area.startPage < (areas.at(-1)?.endPage ?? 0)) isOrdered = false
    areas.push(area)
  }
  if (isOrdered) return areas
  areas.sort((a, b) => a.startPage - b.startPage)
  const unique = areas.filter((area, at) => areas[at - 1]?.startPage !== area.startPage)
  warnings.push(
    unique.some((area, at) => area.startPage < (unique[at - 1]?.endPage ?? 0))
      ? `${name}: areas overlap, which no kernel answers: the file was changed, or written while the process changed`
      : `${name}: the areas were not in order of address`,
  )
  return unique
}
