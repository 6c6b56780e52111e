import { defineDevice } from '../../device/define-device.js'

/** A driver whose setup throws. */
export default defineDevice(() => {
  throw new RangeError('nothing can be set up here')
})
