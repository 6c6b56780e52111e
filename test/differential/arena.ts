/** The addresses that both sides play in. They must be those of `kernel.c`. */
export const ARENA = { START: 0x100000, PAGES: 48, PAGE: 4096, END: 0x100000 + 48 * 4096 } as const
