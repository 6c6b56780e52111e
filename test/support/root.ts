import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the checkout. This file is compiled to `test-dist/support/root.js`. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
