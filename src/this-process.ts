import { diagnostics } from './diagnostics.js'
import { LinuxKernel } from './linux/linux-kernel.js'
import { Process } from './process.js'

let self: Process | undefined

/** This process, made on first use: so that the package loads where real memory can't be had. */
export function thisProcess(): Process {
  self ??= new Process(new LinuxKernel(), diagnostics())
  return self
}
