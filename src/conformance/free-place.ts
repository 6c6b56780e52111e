/**
 * An address at which no process maps anything by itself, far below what Linux chooses: a hint for memory whose place must stay free once it
 * is unmapped. Elsewhere an allocator of the process may take it, page by page.
 */
export const FREE_PLACE = 0x2200_0000_0000n
