import { catchingCases } from './catching-cases.js'
import type { ConformanceCases } from './conformance-case.js'
import { deviceCases } from './devices/device-cases.js'
import { faultCases } from './fault-cases.js'
import { mappingCases } from './mapping-cases.js'
import { reservationCases } from './reservation-cases.js'
import { seeingCases } from './seeing-cases.js'
import { shapeCases } from './shape-cases.js'
import { sharingCases } from './sharing-cases.js'
import { transitionCases } from './transition-cases.js'

/** All cases, by topic. */
export const cases: { readonly [topic: string]: ConformanceCases } = {
  mapping: mappingCases,
  transitions: transitionCases,
  shape: shapeCases,
  sharing: sharingCases,
  reservations: reservationCases,
  faults: faultCases,
  seeing: seeingCases,
  catching: catchingCases,
  devices: deviceCases,
}
