import { defineDevice } from '../../device/define-device.js'

/** A driver that can't be set up. */
export default defineDevice(() => {
  throw new RangeError('nothing can be set up here')
})
