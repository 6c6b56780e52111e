/** How many pages, and in how many runs, are moved before faults are served: 2 MiB, and a system call a run. */
export const SLICE = { pages: 512, runs: 32 } as const
