import { type Command, defineCommand } from '../command/command.js'

export const doctorCommand: Command = defineCommand({
  name: 'doctor',
  operands: '[PROCESS]',
  complete: 'process',
  summary: 'what this machine allows, or which threads are stuck',
  description: [
    `Tries each capability that the package uses and says whether it works (yes, part or no), what is done without it, and what would allow
    it. It changes nothing and needs no privilege. What is missing is no failure: the exit code is 0 unless the package can't work at all.`,
    'With PID it says which threads of that process wait for a fault to be answered, and what its userfaultfds have unanswered.',
  ],
  options: { json: { type: 'boolean', help: 'for programs' } },
  examples: [
    'vmarea doctor',
    'vmarea doctor 1234',
    "vmarea doctor --json | jq '.capabilities[] | select(.available | not)'",
  ],
  run: async (values, operands) => (await import('../doctor.js')).doctor(values, operands),
})
