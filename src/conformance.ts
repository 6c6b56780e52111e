export type { ConformanceCapability } from './conformance/capability.js'
export { type ConformanceOptions, conformance, type DeclareTest } from './conformance/conformance.js'
export { type Difference, differences } from './conformance/differences.js'
