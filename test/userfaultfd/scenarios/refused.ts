// Without privileges: which way opens, and what the error says where none does.
import { readFileSync } from 'node:fs'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { anonymous, kernel, page } from '../memory.js'

const attempt = (userModeOnly?: boolean) => {
  try {
    const uffd = bindUserfaultfd(() => kernel).create({
      features: ['thread_id'],
      ...(userModeOnly === undefined ? {} : { userModeOnly }),
    })
    const area = anonymous(2)
    uffd.register(area.start, area.length)
    const served = uffd.copy(area.start, page, new Uint8Array(page))
    const answer = {
      way: uffd.way,
      userModeOnly: uffd.userModeOnly,
      refusals: uffd.refusals.map(({ way, error }) => [way, error.code, error.message]),
      served,
      events: uffd.readEvents(new UffdMessages(1)),
    }
    uffd.close()
    return answer
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    return { code: error.code, message: error.message, causes: (error.cause as AggregateError).errors.length }
  }
}
let setting = ''
try {
  setting = readFileSync('/proc/sys/vm/unprivileged_userfaultfd', 'latin1').trim()
} catch {}
console.log(JSON.stringify({ any: attempt(), full: attempt(false), userModeOnly: attempt(true), setting }))
