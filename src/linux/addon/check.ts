import { VmError, type VmErrorDetail } from '../../vocabulary/vm-error.js'

/** The addon's answer. Throws the error of a negative one. */
export function check(answer: number, syscall: string, detail?: VmErrorDetail): number {
  if (answer < 0) throw new VmError(answer, syscall, detail)
  return answer
}
