import { type Command, defineCommand } from '../command/command.js'

export const serveCommand: Command = defineCommand({
  name: 'serve',
  operands: '',
  complete: [],
  summary: 'serve the memory of virtual machines that are restored from a snapshot',
  description: [
    'Listens at a socket for monitors, such as Firecracker with backend_type Uffd, and answers the page faults of their guests from a memory file.',
    'On a terminal a line a guest follows it; in a pipe each event is a line of JSON. SIGTERM and SIGINT end it.',
  ],
  options: {
    socket: { type: 'string', value: 'PATH', help: 'where monitors connect; @NAME is abstract' },
    memory: {
      type: 'string',
      value: 'FILE',
      help: 'the memory file: a path, one that vmarea pack made (.gz, .blocks), or a URL of http',
    },
    base: {
      type: 'string',
      value: 'FILE',
      multiple: true,
      help: 'what lies below the holes of the memory file; the next one below',
    },
    around: { type: 'string', value: 'SIZE', help: 'bytes that come at once around a fault; by default 64K' },
    prefetch: { type: 'boolean', help: 'fetches all of the memory behind what is demanded' },
    record: { type: 'string', value: 'FILE', help: 'writes what the guests demanded, merged, when one ends' },
    replay: {
      type: 'string',
      value: 'FILE',
      multiple: true,
      help: 'fetches what was recorded, behind what is demanded; several are merged',
    },
    removed: {
      type: 'string',
      choices: ['zero', 'unregister'],
      value: 'HOW',
      help: 'pages that a guest gives back: zero or unregister',
    },
    'on-failure': {
      type: 'string',
      choices: ['poison', 'kill', 'wait'],
      value: 'WHAT',
      help: 'what becomes of guests when the server ends: poison, kill or wait; by default poison',
    },
    keeper: { type: 'boolean', help: 'starts a process that sees to that when this one is killed' },
    state: {
      type: 'string',
      value: 'FILE',
      help: 'writes what the guests are, and takes over those that an earlier server has left there',
    },
    drain: { type: 'boolean', help: 'at SIGTERM, fetches all of the memory first' },
    mode: { type: 'string', value: 'MODE', help: 'permissions of the socket, octal; by default 0600' },
    uid: {
      type: 'string',
      value: 'N',
      multiple: true,
      help: 'a user that a monitor may run as; by default this one and root',
    },
    metrics: {
      type: 'string',
      value: 'PORT',
      help: 'counters and latencies for Prometheus at http://127.0.0.1:PORT/metrics; 0 takes a free port',
    },
    json: { type: 'boolean', help: 'a line of JSON an event, on a terminal too' },
  },
  examples: [
    'vmarea serve --socket /run/guests.sock --memory /snapshots/7/memory',
    'vmarea serve --socket /run/guests.sock --memory diff --base memory --keeper --mode 0660 --uid 123',
    'vmarea serve --socket @guests --memory https://example.org/memory --replay memory.set',
  ],
  outlivesReader: true,
  run: async (values) => (await import('../serve.js')).serve(values),
})
