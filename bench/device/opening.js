import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { paired } from '../support/paired.js'
import { publishedForm } from '../support/published-form.js'

const ANSWERS = new URL(
  'data:text/javascript,import { parentPort } from "node:worker_threads"; parentPort.postMessage(1)',
)

/** The processor time to open and close a device of the published form, beside a Worker that does nothing. */
export async function run() {
  const packed = await publishedForm()
  const { openDevice } = await import(pathToFileURL(`${packed}/index.js`).href)
  const driver = new URL('../support/device/empty-driver.js', import.meta.url)
  const device = async () => {
    const opened = await openDevice(driver)
    await opened.close()
  }
  const worker = async () => {
    const bare = new Worker(ANSWERS)
    await once(bare, 'message')
    await bare.terminate()
  }
  const { measured, floor, ratio } = await paired(
    () => processorTime(device),
    () => processorTime(worker),
    25,
  )
  return [
    {
      work: 'openDevice and close, processor time',
      measured: `${measured.toFixed(1)} ms`,
      floor: `${floor.toFixed(1)} ms, a Worker that does nothing`,
      ratio,
      target: '<= 1.3',
    },
  ]
}

async function processorTime(work) {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
