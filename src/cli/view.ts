import { writeFileSync } from 'node:fs'
import type { ViewBoot } from '../view/data/view-boot.js'
import { CommandError } from './command-error.js'
import { reasonOf } from './error-text.js'
import { EXIT } from './exit-code.js'
import { printJson } from './print-json.js'
import { openProcess } from './process/open-process.js'
import { processArgument } from './process/process-argument.js'
import { KernelRuns } from './view/kernel/kernel-runs.js'
import { LiveView } from './view/live-view.js'
import { openBrowser } from './view/open-browser.js'
import { pageAssets, selfContainedPage } from './view/page-assets.js'
import { readLessons } from './view/read-lessons.js'
import { readTwoViewFiles, readViewFile } from './view/view-input.js'
import { ViewServer } from './view/view-server.js'

export interface ViewOptions {
  readonly open: boolean
  readonly port: string | undefined
  readonly html: string | undefined
  readonly lessons: string | undefined
  readonly model: boolean
  readonly json: boolean
}

/** `vmarea view`. Returns the exit code. */
export async function view(values: ViewOptions, operands: readonly string[]): Promise<number> {
  const assets = pageAssets()
  const port = portOf(values.port)
  if (values.model && values.html !== undefined) {
    throw new CommandError('--model asks the running kernel, which a file can not: leave --html out')
  }
  const { live, boot } = sourceOf(operands, values)
  if (values.html !== undefined) {
    writePage(values.html, selfContainedPage(assets, live === undefined ? boot : recorded(boot, live)))
    live?.close()
    if (values.json) printJson({ file: values.html })
    else process.stdout.write(`${values.html}\n`)
    return EXIT.OK
  }
  const kernel = values.model ? new KernelRuns() : undefined
  const server = await ViewServer.listen(port, { boot, live, kernel }, assets)
  const address = server.invite()
  if (values.json) printJson({ address })
  else process.stdout.write(`${address}\n`)
  process.stderr.write('It opens the page in one browser of this machine. Ctrl-C ends it.\n')
  const forget = values.open
    ? openBrowser(address, (reason) =>
        process.stderr.write(`vmarea view: can't open a browser (${reason}): open the address\n`),
      )
    : () => {}
  await new Promise<void>((interrupted) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
  })
  forget()
  live?.close()
  kernel?.close()
  server.close()
  return EXIT.OK
}

function sourceOf(operands: readonly string[], { lessons, model }: ViewOptions): { live?: LiveView; boot: ViewBoot } {
  const rest = { data: null, pages: null, kernel: model, lessons: lessons === undefined ? null : readLessons(lessons) }
  const [first, second, ...more] = operands
  if (more.length > 0) throw new CommandError('view shows one process, one file, or the difference of two files')
  if (first === undefined) return { boot: { ...rest, source: 'play' } }
  if (second !== undefined) return { boot: { ...rest, source: 'file', data: readTwoViewFiles(first, second) } }
  if (/^\d+$/.test(first) || first === 'self') {
    const pid = processArgument(first)
    // For its errors, which name the process and the right that is missing.
    openProcess(pid)[Symbol.dispose]()
    return { live: new LiveView(pid), boot: { ...rest, source: 'live' } }
  }
  return { boot: { ...rest, source: 'file', data: readViewFile(first) } }
}

/** A process as it is now, to be kept. */
function recorded(boot: ViewBoot, live: LiveView): ViewBoot {
  const data = { ...live.data(), kind: 'snapshot' as const }
  let pages: ViewBoot['pages'] = null
  try {
    pages = live.process.pages(0, 2 ** 47 / live.process.pageSize)
  } catch {
    // The states of pages may be refused where the list of areas is not: the page says that they are not known.
  }
  return { ...boot, source: 'file', data, pages }
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 0
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw new CommandError(`--port is a number from 1 to 65535, and this is ${JSON.stringify(text)}`)
  return port
}

function writePage(path: string, page: string): void {
  try {
    writeFileSync(path, page)
  } catch (error) {
    throw new CommandError(`can't write ${path}: ${reasonOf(error)}`, EXIT.FAILED)
  }
}
