import type { ConformanceCases } from '../conformance-case.js'
import { countCases } from './count-cases.js'
import { deviceMapCases } from './device-map-cases.js'
import { driverModuleCases } from './driver-module-cases.js'
import { driverPageCases } from './driver-page-cases.js'
import { endingCases } from './ending-cases.js'
import { hookCases } from './hook-cases.js'
import { invalidateCases } from './invalidate-cases.js'
import { mmapHookCases } from './mmap-hook-cases.js'
import { runCases } from './run-cases.js'
import { writeCases } from './write-cases.js'
import { writebackCases } from './writeback-cases.js'

/** All cases of devices. */
export const deviceCases: ConformanceCases = {
  ...hookCases,
  ...writeCases,
  ...writebackCases,
  ...mmapHookCases,
  ...driverPageCases,
  ...runCases,
  ...invalidateCases,
  ...countCases,
  ...endingCases,
  ...driverModuleCases,
  ...deviceMapCases,
}
