import { UsageError } from '../usage-error.js'
import { showValue } from './show-value.js'

/**
 * The whole URL of a module that another thread imports: a relative one would be relative to that thread's own module.
 *
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for what is no URL, or a path
 */
export function moduleUrl(what: string, module: unknown): string {
  if (module instanceof URL) return module.href
  if (typeof module === 'string' && URL.canParse(module)) return new URL(module).href
  const hint = typeof module === 'string' ? `: write ${urlOf(module)}` : ''
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `${what} is named by its whole URL, and this is ${showValue(module)}${hint}`,
  )
}

function urlOf(module: string): string {
  // Otherwise the name of a package's entry point, as `vmarea/devices/http`.
  return /^[./]|\.[cm]?[jt]s$/.test(module)
    ? `new URL('${module}', import.meta.url)`
    : `import.meta.resolve('${module}')`
}
