import { MMAP_BASE } from './model-process.js'

/** The addresses that are compared: from there downwards the model places mappings, and a process of Node has nothing of its own there. */
export const COMPARED: { readonly from: number; readonly to: number } = { from: 0x4000_0000, to: MMAP_BASE }
