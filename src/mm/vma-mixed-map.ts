// VmaMixedMap extends VmaRef, and VmaRef makes it: one file defines both.
export { VmaMixedMap } from './vma-ref.js'
