import { rooms } from './rooms.js'

const WIDTH = 78

/**
 * The rooms of the rule, from the top of the house to its ground, and below them what each imports beyond the two rooms that almost every
 * room may import. A room stands above all that it imports.
 */
export function drawHouse(): string {
  const names = Object.keys(rooms)
  const levels: string[][] = []
  for (const name of names) {
    const level = levelOf(name)
    levels[level] = [...(levels[level] ?? []), name].sort()
  }
  const wall = (left: string, right: string) => `${left}${'─'.repeat(WIDTH)}${right}`
  const floors = levels.reverse().map((level) => `│  ${level.join('    ').padEnd(WIDTH - 2)}│`)
  const top = `│  ${'files beside the rooms: index.ts, process.ts, device.ts, model.ts, …'.padEnd(WIDTH - 2)}│`
  const house = [wall('┌', '┐'), [top, ...floors].join(`\n${wall('├', '┤')}\n`), wall('└', '┘')]
  const longest = Math.max(...names.map((name) => name.length))
  const arrows = names
    .map((name) => ({ name, targets: rooms[name]!.filter((target) => target !== 'beside' && !isGround(target)) }))
    .filter(({ targets }) => targets.length > 0)
    .sort((one, other) => levelOf(other.name) - levelOf(one.name) || one.name.localeCompare(other.name))
    .map(({ name, targets }) => `  ${name.padEnd(longest)}  →  ${[...targets].sort().join('  ')}`)
  return [...house, ...arrows].join('\n')
}

/** How many rooms stand below a room, one on the other. */
function levelOf(name: string): number {
  const below = (rooms[name] ?? []).filter((target) => target in rooms)
  return below.length === 0 ? 0 : 1 + Math.max(...below.map(levelOf))
}

function isGround(name: string): boolean {
  return name === 'kernel' || name === 'vocabulary'
}
