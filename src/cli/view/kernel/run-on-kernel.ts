import { addon } from '../../../linux/addon/addon.js'
import type { KernelMoment, KernelRun } from '../../../view/play/kernel-moment.js'
import { ModelProcess } from '../../../view/play/model-process.js'
import { parseProgram } from '../../../view/play/parse-program.js'
import { PlayRun } from '../../../view/play/run-program.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { KernelProcess } from './kernel-process.js'

/**
 * Runs a program on the running kernel, call by call beside the model, whose places are the hints. The run ends where a call can't be made, or
 * the program has ended its process: what follows is not known then.
 */
export function runOnKernel(text: string): KernelRun {
  const first = ModelProcess.first()
  const { pageSize } = addon()
  if (pageSize !== first.pageSize) {
    return {
      moments: [],
      ended: `the running kernel has pages of ${pageSize} bytes, and the model of ${first.pageSize}`,
    }
  }
  const places: { hint: number | undefined } = { hint: undefined }
  const model = new PlayRun(first)
  const kernel = new PlayRun(KernelProcess.start(places))
  const moments: KernelMoment[] = []
  try {
    for (const call of parseProgram(text)) {
      const { value } = model.step(call).outcome
      const isPlaced = 'name' in call && (call.name === 'mmap' || call.name === 'mremap')
      places.hint = isPlaced ? value : undefined
      const { line, outcome, memory } = kernel.step(call)
      if (outcome.kind === 'unknown') return { moments, ended: `line ${line}: ${outcome.text}` }
      moments.push({ line, outcome, memory: Object.fromEntries(memory) })
    }
    return { moments, ended: null }
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    return { moments, ended: `line ${parseProgram(text)[moments.length]?.line}: its process has ended` }
  } finally {
    for (const process of kernel.processes) if (process instanceof KernelProcess) process.end()
  }
}
