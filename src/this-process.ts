import { diagnostics } from './diagnostics.js'
import { LinuxKernel } from './linux/linux-kernel.js'
import { Pager } from './pager/device/program/pager.js'
import { LinuxSwaps } from './pager/swap/program/linux-swaps.js'
import { Process } from './process.js'

let self: Process | undefined

/** This process, made on first use: so that the package loads where there is no native addon. */
export function thisProcess(): Process {
  self ??= begin()
  return self
}

function begin(): Process {
  const kernel = new LinuxKernel({
    devices: (kernel) => new Pager(kernel),
    swaps: (kernel) => new LinuxSwaps(kernel),
  })
  return new Process(kernel, diagnostics())
}
