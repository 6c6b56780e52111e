/** Whether this Node's C library is musl. Its malloc(3) maps memory for each group of blocks, where that of glibc grows its heap. */
export const musl =
  process.platform === 'linux' &&
  !('glibcVersionRuntime' in (process.report.getReport() as unknown as { header: object }).header)
