import { definePageStore } from '../define-page-store.js'
import { FilePageStore } from './file-page-store.js'
import type { FileStoreOptions } from './file-store-options.js'

export default definePageStore<FileStoreOptions>((options, host) => new FilePageStore(options, host))
