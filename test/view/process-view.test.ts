// Looking at a process again and again: what the short way gives is what a first look gives.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProcessView } from '#vmarea/cli/view/process-view.js'
import type { ViewArea } from '#vmarea/view/data/view-area.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { seed } from '../support/seed.js'
import { temporaryFile } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { startProgram } from './program.js'

/** Names of areas, so that some are there already and some are not. */
const NAME = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const STEP = fc.oneof(
  fc.tuple(fc.constant('map'), NAME, fc.integer({ min: 1, max: 40 })),
  fc.tuple(fc.constant('unmap'), NAME, fc.constant(0)),
  fc.tuple(fc.constant('usage'), NAME, fc.constant(0)),
  fc.tuple(fc.constant('nothing'), NAME, fc.constant(0)),
)

test('a list that is read by its changed lines is the list that a first look reads', async () => {
  const program = await startProgram()
  const file = temporaryFile(64 * 4096)
  const view = new ProcessView(program.pid)
  // V8 may map between two looks: they are compared once the process is quiet.
  const compare = async () => {
    let wrong = ''
    await until(
      () => `the looks differ: ${wrong}`,
      () => {
        const first = new ProcessView(program.pid)
        const whole = first.layout()
        first.close()
        const seen = view.layout()
        wrong = differences(seen, whole)
        return wrong === ''
      },
    )
  }
  const steps = fc.sample(STEP, { seed, numRuns: 40 })
  const held = new Set<string>()
  for (const [kind, name, pages] of steps) {
    if (kind === 'map') {
      if (held.has(name)) await program.act(`unmap ${name}`)
      await program.act(pages % 3 === 0 ? `file ${name} ${file}` : `memory ${name} ${pages}`)
      held.add(name)
    } else if (kind === 'unmap' && held.has(name)) {
      await program.act(`unmap ${name}`)
      held.delete(name)
    } else if (kind === 'usage') view.usage()
    await compare()
  }
  view.close()
})

test('a list in which nothing has changed is the very same one, and flags and usage stay with areas that stay', async () => {
  const program = await startProgram()
  const view = new ProcessView(program.pid)
  const known = await until('two equal looks', () => {
    const areas = view.usage()
    return view.layout() === areas && areas
  })
  const stack = known.find(({ path }) => path === '[stack]')!
  assert.ok(stack.flags.length > 0)
  await program.act('memory new 3')
  const areas = view.layout()
  assert.equal(
    areas.find(({ path }) => path === '[stack]'),
    stack,
  )
  assert.equal(areas.find(({ path }) => path.includes('memfd:new'))!.flags.length, 0)
  program.kill()
  await until('the end', () => {
    try {
      view.layout()
      return false
    } catch (error) {
      return error instanceof VmError && error.code === 'ESRCH'
    }
  })
  view.close()
})

/** Where two lists differ in their outlines, as text. */
function differences(one: readonly ViewArea[], other: readonly ViewArea[]): string {
  const text = ({ start, end, permissions, offset, inode, path }: ViewArea) =>
    `${start}-${end} ${permissions} ${offset} ${inode} ${path}`
  const [left, right] = [new Set(one.map(text)), new Set(other.map(text))]
  const only = [...left].filter((line) => !right.has(line)).map((line) => `- ${line}`)
  const missing = [...right].filter((line) => !left.has(line)).map((line) => `+ ${line}`)
  return [...only, ...missing].join('\n')
}
