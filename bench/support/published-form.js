import { fileURLToPath } from 'node:url'
import { bundle } from '../../scripts/bundle.js'

const folder = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Bundles the compiled modules as the published package has them, and resolves to their folder. */
export async function publishedForm() {
  const packed = folder('build/bench/bundle')
  await bundle(folder('dist'), packed)
  return packed
}
