import type { AreaSnapshot } from './snapshot.js'

/** What happened to a range between two looks at a process. */
export type ChangeKind =
  | 'mapped'
  | 'unmapped'
  | 'moved'
  | 'replaced'
  | 'protected'
  | 'flags'
  | 'split'
  | 'merged'
  | 'resident'
  | 'swapped'

/** One change. Addresses are hexadecimal strings; `before` and `after` say what differs, in the words of the kind. */
export interface Change {
  readonly change: ChangeKind
  readonly start: string
  readonly end: string
  readonly before: string
  readonly after: string
  readonly path: string
}

interface Span {
  readonly start: bigint
  readonly end: bigint
  readonly area: AreaSnapshot
}

/**
 * What changed from one list of areas to the next, in order of address: each range that was mapped, unmapped or given other
 * permissions, areas that were split and merged without that, and, with `usage`, what came into memory and went from it.
 *
 * It compares two looks. A range that was mapped and unmapped between them is missed. `moved` is inferred: the same file and length, or
 * the same resident anonymous memory, disappeared at one address and appeared at another.
 */
export function changesBetween(
  before: readonly AreaSnapshot[],
  after: readonly AreaSnapshot[],
  { usage = false } = {},
): Change[] {
  const old = before.map(spanOf)
  const now = after.map(spanOf)
  const changes = [...joined(rangesThatDiffer(old, now)), ...boundaries(old, now)]
  if (usage) changes.push(...usageChanges(old, now))
  return withMoves(changes, old, now).sort((a, b) => compare(BigInt(a.start), BigInt(b.start)))
}

function spanOf(area: AreaSnapshot): Span {
  return { start: BigInt(area.start), end: BigInt(area.end), area }
}

/** Walks both lists over the elementary ranges between all their boundaries. */
function* rangesThatDiffer(old: readonly Span[], now: readonly Span[]): Generator<Change> {
  const edges = [...new Set([...old, ...now].flatMap(({ start, end }) => [start, end]))].sort(compare)
  let oldIndex = 0
  let newIndex = 0
  for (let index = 0; index + 1 < edges.length; index++) {
    const start = edges[index]!
    const end = edges[index + 1]!
    while (oldIndex < old.length && old[oldIndex]!.end <= start) oldIndex++
    while (newIndex < now.length && now[newIndex]!.end <= start) newIndex++
    const was = covering(old[oldIndex], start)
    const is = covering(now[newIndex], start)
    if (was === undefined && is === undefined) continue
    const range = { start: hexOf(start), end: hexOf(end) }
    if (was === undefined)
      yield { change: 'mapped', ...range, before: '', after: is!.area.permissions, path: is!.area.path }
    else if (is === undefined) {
      yield { change: 'unmapped', ...range, before: was.area.permissions, after: '', path: was.area.path }
    } else if (!isSamePlace(was, is, start)) {
      yield { change: 'replaced', ...range, before: was.area.path, after: is.area.path, path: is.area.path }
    } else if (was.area.permissions !== is.area.permissions) {
      yield {
        change: 'protected',
        ...range,
        before: was.area.permissions,
        after: is.area.permissions,
        path: is.area.path,
      }
    } else if (was.area.flags.join() !== is.area.flags.join()) {
      yield {
        change: 'flags',
        ...range,
        before: without(was.area, is.area),
        after: without(is.area, was.area),
        path: is.area.path,
      }
    }
  }
}

function covering(span: Span | undefined, address: bigint): Span | undefined {
  return span !== undefined && span.start <= address ? span : undefined
}

/** The same file at the same place of it; for anonymous memory, still anonymous. */
function isSamePlace(was: Span, is: Span, address: bigint): boolean {
  const a = was.area
  const b = is.area
  if (a.inode !== b.inode || a.device !== b.device) return false
  if (a.inode === '0') return a.path === b.path
  return address - was.start + BigInt(a.offset) === address - is.start + BigInt(b.offset)
}

function without(area: AreaSnapshot, other: AreaSnapshot): string {
  return area.flags.filter((flag) => !other.flags.includes(flag)).join(' ')
}

/** Joins ranges that touch and changed alike. */
function joined(changes: Iterable<Change>): Change[] {
  const result: Change[] = []
  for (const change of changes) {
    const last = result.at(-1)
    if (
      last?.end === change.start &&
      last.change === change.change &&
      last.before === change.before &&
      last.after === change.after &&
      last.path === change.path
    ) {
      result[result.length - 1] = { ...last, end: change.end }
    } else result.push(change)
  }
  return result
}

/** A boundary that appeared or disappeared inside memory that stayed mapped. */
function* boundaries(old: readonly Span[], now: readonly Span[]): Generator<Change> {
  yield* boundariesInside(old, now, 'split')
  yield* boundariesInside(now, old, 'merged')
}

function* boundariesInside(
  wholes: readonly Span[],
  parts: readonly Span[],
  change: 'split' | 'merged',
): Generator<Change> {
  let index = 0
  for (const { start, end, area } of wholes) {
    while (index < parts.length && parts[index]!.start <= start) index++
    const inside: string[] = []
    for (let next = index; next < parts.length && parts[next]!.start < end; next++) {
      if (parts[next - 1]?.end === parts[next]!.start) inside.push(hexOf(parts[next]!.start))
    }
    if (inside.length === 0) continue
    const [one, several] = ['1 area', `${inside.length + 1} areas`]
    yield {
      change,
      start: hexOf(start),
      end: hexOf(end),
      before: change === 'split' ? one! : several!,
      after: change === 'split' ? several! : one!,
      path: area.path,
    }
  }
}

/** Infers moves from the removed and the added areas. */
function withMoves(changes: readonly Change[], old: readonly Span[], now: readonly Span[]): Change[] {
  const oldAt = new Map(old.map((span) => [hexOf(span.start), span] as const))
  const newAt = new Map(now.map((span) => [hexOf(span.start), span] as const))
  const came = changes.filter(({ change }) => change === 'mapped')
  const gone = new Set<Change>()
  const result: Change[] = []
  for (const change of changes) {
    if (change.change !== 'unmapped') continue
    const was = wholeOf(oldAt, change)
    const to = was && came.find((other) => !gone.has(other) && isMove(was, wholeOf(newAt, other)))
    if (to === undefined) continue
    gone.add(change)
    gone.add(to)
    result.push({ change: 'moved', start: to.start, end: to.end, before: change.start, after: to.start, path: to.path })
  }
  return [...result, ...changes.filter((change) => !gone.has(change))]
}

function wholeOf(spans: ReadonlyMap<string, Span>, { start, end }: Change): Span | undefined {
  const span = spans.get(start)
  return span !== undefined && hexOf(span.end) === end ? span : undefined
}

function isMove(was: Span, is: Span | undefined): boolean {
  if (is === undefined || was.end - was.start !== is.end - is.start) return false
  const a = was.area
  const b = is.area
  if (a.permissions !== b.permissions || a.inode !== b.inode || a.path !== b.path || a.offset !== b.offset) return false
  return a.inode !== '0' || ((a.usage.rss ?? 0) > 0 && a.usage.rss === b.usage.rss)
}

function* usageChanges(old: readonly Span[], now: readonly Span[]): Generator<Change> {
  const oldAt = new Map(old.map((span) => [span.area.start, span] as const))
  for (const { area } of now) {
    const was = oldAt.get(area.start)?.area
    if (was === undefined || was.end !== area.end) continue
    const range = { start: area.start, end: area.end, path: area.path }
    for (const [change, field] of [
      ['resident', 'rss'],
      ['swapped', 'swap'],
    ] as const) {
      const [from, to] = [was.usage[field], area.usage[field]]
      if (from === null || to === null || from === undefined || to === undefined || from === to) continue
      yield { change, ...range, before: String(from), after: String(to) }
    }
  }
}

function hexOf(address: bigint): string {
  return `0x${address.toString(16)}`
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
