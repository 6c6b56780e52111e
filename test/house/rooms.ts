const ground = ['kernel', 'vocabulary'] as const

/** Each folder of `src/` with those that it may import, by type or at run time. Files beside the rooms may import all of them. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  vocabulary: [],
  kernel: ['vocabulary'],
  paging: ['stores', ...ground],
  linux: ground,
  model: ['paging', 'stores', ...ground],
  mapping: ground,
  mm: ground,
  userfaultfd: ground,
  pager: ['linux', 'userfaultfd', 'paging', 'stores', ...ground],
  device: ['mapping', 'mm', 'paging', ...ground],
  snapshot: ['mm', 'vocabulary'],
  stores: ['vocabulary'],
  swap: ['mapping', 'paging', 'stores', ...ground],
  guests: ['userfaultfd', 'paging', 'stores', ...ground],
  reports: ['linux', 'vocabulary'],
  view: ['snapshot', 'mm', 'model', 'vocabulary'],
  devices: ['device', 'stores', 'beside', ...ground],
  conformance: ['device', 'mapping', 'mm', 'userfaultfd', 'stores', 'beside', ...ground],
  cli: [
    'snapshot',
    'mm',
    'mapping',
    'devices',
    'linux',
    'pager',
    'userfaultfd',
    'reports',
    'view',
    'beside',
    ...ground,
  ],
}

/** The folders of a room from the ground up: a file imports from its own and from those before it. `.` is the room's own files. */
export const floors: Readonly<Record<string, readonly string[]>> = {
  vocabulary: ['.', 'errors', 'options', 'reports'],
  stores: ['.', 'file', 'memory', 'redis', 'tiered'],
  paging: ['.', 'swap'],
  guests: ['protocol', 'sources', '.'],
  devices: ['blocks', 'http', '.'],
  linux: ['addon', 'sockets', 'proc', 'regions', 'areas', 'userfaultfd', 'guests', 'play', '.'],
  model: ['structs', 'pages', 'files', 'hooks', 'areas', 'faults', 'userfaultfd', 'process', 'calls', 'swap', 'kernel'],
  mapping: ['memory', 'handle'],
  view: ['data', 'files', 'play', 'page'],
  pager: ['source', 'thread', 'buffers', 'device', 'swap'],
}

/** Neither imports the other. */
export const apart: readonly (readonly [string, string])[] = [
  ['pager/device/program', 'pager/device/server'],
  ['linux', 'model'],
]

/** Imports that break the rule for now, as `importer -> imported`, each with why. The list only gets shorter. */
export const exceptions: Readonly<Record<string, string>> = {}
