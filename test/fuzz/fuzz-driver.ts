import { defineDevice } from 'vmarea/device'

export default defineDevice(({ behaviour }: { behaviour: string }) => ({
  size: 16 * 4096,
  fault(fault) {
    if (behaviour === 'throws') throw new Error('as the driver likes')
    if (behaviour === 'ends') process.exit(3)
    if (behaviour === 'rejects') return Promise.reject(new Error('as the driver likes'))
    if (behaviour === 'never answers') return new Promise<void>((resolve) => setTimeout(resolve, 2 ** 30))
    fault.bytes.fill(1)
    return undefined
  },
}))
