import { once } from 'node:events'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { compiledAddon } from '../support/compile-addon.js'
import { paired } from '../support/paired.js'
import { publishedForm } from '../support/published-form.js'

const answering = (code) =>
  new URL(`data:text/javascript,${code}; import { parentPort } from "node:worker_threads"; parentPort.postMessage(1)`)

/**
 * The processor time to open and close a device of the published form, beside a Worker that does nothing. The second row is what no thread
 * with a program can go below: a Worker that imports the modules of the device's thread, which the engine compiles for each thread, and
 * loads an addon with one function, and does nothing with them.
 */
export async function run() {
  const packed = await publishedForm()
  const { openDevice } = await import(pathToFileURL(`${packed}/index.js`).href)
  const driver = new URL('../support/device/empty-driver.js', import.meta.url)
  const addon = compiledAddon(fileURLToPath(new URL('../mapping/node-api.c', import.meta.url)))
  const modules = ['base.js', 'served.js', 'device.js'].map(
    (name) => `import "${pathToFileURL(`${packed}/${name}`).href}"`,
  )
  const loading = answering(`${modules.join(';')}; process.dlopen({ exports: {} }, ${JSON.stringify(addon)})`)
  const device = async () => {
    const opened = await openDevice(driver)
    await opened.close()
  }
  const worker = async (url) => {
    const bare = new Worker(url)
    await once(bare, 'message')
    await bare.terminate()
  }
  const nothing = answering('')
  const rows = []
  for (const [work, act, target] of [
    ['openDevice and close, processor time', device, '<= 1.3'],
    ['a Worker that loads the same modules and an addon', () => worker(loading), 'none'],
  ]) {
    const { measured, floor, ratio } = await paired(
      () => processorTime(act),
      () => processorTime(() => worker(nothing)),
      25,
    )
    rows.push({
      work,
      measured: `${measured.toFixed(1)} ms`,
      floor: `${floor.toFixed(1)} ms, a Worker that does nothing`,
      ratio,
      target,
    })
  }
  return rows
}

async function processorTime(work) {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
