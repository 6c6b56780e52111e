import { test } from 'node:test'
import { longRuns } from '../support/long-runs.js'
import { seed } from '../support/seed.js'
import { faultSources } from './fault-sources.js'
import { openAndClose } from './open-and-close.js'
import { soak } from './soak.js'

process.removeAllListeners('warning')

const once = process.env.VMAREA_SOAK === 'off' ? 'npm test soaks once, and not on each Node' : false

test(`random use of random devices finds what it must, and leaves nothing (seed ${seed})`, { skip: once }, async () => {
  await soak({ seconds: longRuns ? 10 : 2, seed, sources: faultSources(), tell: () => {} })
})

test('devices that are opened and closed leave no area, descriptor or thread', async () => {
  await openAndClose(longRuns ? 150 : 20, faultSources())
})
