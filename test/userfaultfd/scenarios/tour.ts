import { serveAFault } from '#vmarea/cli/tour/serve-a-fault.js'

const served = await serveAFault()
console.log(JSON.stringify(served, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
