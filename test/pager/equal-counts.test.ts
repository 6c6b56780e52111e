// A device counts the same faults, fills and drops whichever way its faults are taken. The cases themselves are those of the modelled kernel.
import { test } from 'node:test'
import { countCases } from '#vmarea/conformance/devices/count-cases.js'
import * as vmarea from '#vmarea/index.js'
import { pageSize } from '#vmarea/index.js'
import type { Process } from '#vmarea/process.js'
import { eachSource } from './support/each-source.js'

eachSource(vmarea, ({ openDevice, skip }) => {
  for (const [title, { run }] of Object.entries(countCases)) {
    test(title, { skip }, async () => {
      await run({ process: { openDevice } as unknown as Process, page: pageSize() })
    })
  }
})
