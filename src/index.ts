export { UsageError } from './vocabulary/usage-error.js'
