import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../differential/random.js'
import { seed } from '../../support/seed.js'
import { PAGE, pageOf } from './simulated-memory.js'
import { SimulatedProgram } from './simulated-program.js'

const RUNS = 60
const STEPS = 700

test(`random accesses, commands, refusals and slow answers find every page as it was written (seed ${seed})`, async () => {
  for (let run = 0; run < RUNS; run++) await randomRun(new Random(seed + run), `seed ${seed}, run ${run}`)
})

test('a page that is dropped while it is written, and poisoned then, is restored as zeros', async () => {
  // Found at random: a store's answer that comes after the poison must not count as the content of the page.
  await randomRun(new Random(1527307442 + 35), 'seed 1527307442, run 35')
})

test('a smaller budget is kept at rest though all pages are in the store, unchanged', async () => {
  const pages = 300
  const program = new SimulatedProgram([pages])
  const { engine, record } = program
  for (let page = 0; page < pages; page++) {
    program.values[page] = 1
    program.memory.present[page] = pageOf(1)
    engine.adopt(page, 1)
  }
  const out = engine.command('enable').then(() => engine.command('out'))
  await program.finish()
  await out
  await program.checkAll()
  engine.setResidentLimit(10 * PAGE)
  await program.finish()
  const { residentPages, stagingPages } = record.statistics
  assert.ok(residentPages + stagingPages <= 10, `${residentPages} are resident, and ${stagingPages} staged`)
})

async function randomRun(random: Random, what: string): Promise<void> {
  const regions = 1 + random.below(3)
  const ends: number[] = []
  for (let region = 0; region < regions; region++) ends.push((ends.at(-1) ?? 0) + 4 + random.below(40))
  const pages = ends.at(-1)!
  const hasBudget = random.chance(60)
  const budget = () => (4 + random.below(pages)) * PAGE
  const program = new SimulatedProgram(ends, hasBudget ? { residentLimit: budget() } : {})
  const { engine, memory, record, store } = program
  const [changes, fails, slow] = [random.pick([0, 3]), random.pick([0, 0, 5]), random.pick([10, 50, 90])]
  memory.changes = () => random.chance(changes)
  store.next = () => (random.chance(slow) ? 'later' : random.chance(fails) ? 'throws' : 'at once')
  for (let page = 0; page < pages; page++) {
    if (random.chance(50)) continue
    program.values[page] = random.below(5)
    memory.present[page] = pageOf(program.values[page]!)
    engine.adopt(page, 1)
  }
  const commands = { resolved: 0, aborted: 0, state: 0, failed: 0 }
  const steps: [number, () => unknown][] = [
    [30, () => program.access(random.below(pages), random.chance(60) ? random.below(5) : undefined)],
    [30, () => program.deliver(random.below(8))],
    [30, () => program.work()],
    [15, () => program.settle(random.below(8), random.chance(fails) ? new Error('the store fails') : undefined)],
    [4, () => program.tick()],
    [2, () => program.drop(random.below(pages))],
    [1, () => random.chance(20) && program.unmap(random.below(pages))],
    [1, () => (random.chance(50) ? memory.locked.add(random.below(pages)) : memory.locked.clear())],
    [1, () => engine.restore(random.below(pages))],
    [1, () => random.chance(30) && hasBudget && engine.setResidentLimit(budget())],
    [
      1,
      () => {
        const command = random.pick(['enable', 'trim', 'out', 'disable'] as const)
        engine.command(command).then(
          () => commands.resolved++,
          (error) => {
            if (error.code === 'ERR_VMAREA_SWAP_ABORTED') commands.aborted++
            else if (error.code === 'ERR_VMAREA_SWAP_STATE') commands.state++
            else commands.failed++
          },
        )
      },
    ],
  ]
  const total = steps.reduce((sum, [weight]) => sum + weight, 0)
  try {
    for (let step = 0; step < STEPS; step++) {
      let at = random.below(total)
      const [, act] = steps.find(([weight]) => {
        at -= weight
        return at < 0
      })!
      await act()
      program.progress()
    }
    memory.locked.clear()
    await program.finish()
    for (const page of engine.poisoned()) engine.restore(page)
    await program.finish()
    await program.checkAll()
    await bringBack(program)
    // A store that refuses to free a page keeps it.
    if (fails === 0) assert.equal(store.kept.size, 0, 'the store keeps nothing of what is in memory')
  } catch (error) {
    throw new Error(`${what}, ${JSON.stringify(record.statistics)}`, { cause: error })
  }
}

/** All of it is in memory again, and as it was written. */
async function bringBack(program: SimulatedProgram): Promise<void> {
  const { engine, memory, record } = program
  let isOver = false
  const done = engine.command('disable').finally(() => {
    isOver = true
  })
  await program.finish(() => isOver)
  await done
  assert.equal(record.state, 'ready')
  assert.deepEqual(
    memory.moved.filter((bytes) => bytes !== undefined),
    [],
  )
  for (let page = 0; page < memory.pages; page++) {
    if (memory.present[page] !== undefined) program.check(page)
    else assert.ok(memory.unmapped.has(page) || program.values[page] === 0, `page ${page} is in memory`)
  }
  await program.finish()
}
