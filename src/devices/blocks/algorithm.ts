/** How the blocks of a packed file are compressed. */
export type Algorithm = 'gzip' | 'deflate' | 'brotli'
