import { mapMut, memfd, UsageError } from '#vmarea/index.js'

/** Why there is no SharedArrayBuffer over a mapping here, or `false` where there is: an argument of `test`'s `skip`. */
export function whyNoSharedBuffers(): string | false {
  using file = memfd('probe', { size: 1 })
  using memory = mapMut({ file, shared: true })
  try {
    return memory.sharedBytes.length === 1 ? false : 'sharedBytes has another length'
  } catch (error) {
    if (error instanceof UsageError && error.code === 'ERR_VMAREA_NO_VIEW')
      return 'this Node has no node_api_create_external_sharedarraybuffer'
    throw error
  }
}
