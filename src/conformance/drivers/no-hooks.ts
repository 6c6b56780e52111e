import { defineDevice } from '../../device/define-device.js'

/** A driver that has neither of the hooks that give memory. */
export default defineDevice(() => ({ open() {} }))
