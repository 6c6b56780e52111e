// It extends VmaRef, which gives it: the two are defined together.
export { VmaMixedMap } from './vma-ref.js'
