import { defineDevice } from '../../../build/bench/bundle/device.js'

export default defineDevice(() => ({ size: 4096, fault() {} }))
