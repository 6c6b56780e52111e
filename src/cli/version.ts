import { packageRoot } from '../linux/addon/package-root.js'

/** The version of this package. */
export function version(): string {
  return packageRoot()?.version ?? 'unknown'
}
