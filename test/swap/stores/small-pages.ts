// A page store whose pages have another size than those of the memory.
import { definePageStore } from 'vmarea/stores'

export default definePageStore(() => ({ pageSize: 512, write() {}, read() {}, free() {}, close() {} }))
