export { default } from '#vmarea/conformance/drivers/probe.js'
