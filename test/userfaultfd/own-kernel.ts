import { LinuxKernel } from '#vmarea/linux/linux-kernel.js'

/** The kernel of a thread that makes raw calls alone: it loads a third of the modules that `thisProcess()` does. */
export const kernel = new LinuxKernel()
export const page = kernel.pageSize
