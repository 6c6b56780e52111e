/** The compression of the blocks of a packed file. */
export type Algorithm = 'gzip' | 'deflate' | 'brotli'
