#!/usr/bin/env node
import { tour } from './tour.js'

tour(process.argv.slice(3)).then((code) => {
  process.exitCode = code
})
