// The lock of the region table, and constants of every mapping call.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>

namespace vmarea {

// The signal handler takes this lock too: its holder may wait for the kernel alone.
class TableLock {
 public:
  TableLock();
  ~TableLock();
  TableLock(const TableLock&) = delete;
  TableLock& operator=(const TableLock&) = delete;
};

// For the lock's holder: wakes up to `count` threads that wait for the word, mostly when it releases the lock. A woken thread takes this
// lock first, and on the same processor it would run at once and find it held. The word may be gone by then: the kernel does not read it.
void futex_wake_locked(std::atomic<uint32_t>* word, int count);

inline void* at(uintptr_t address) { return reinterpret_cast<void*>(address); }

// Flags of mmap for memory that costs nothing until it is touched.
constexpr int kNothing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

}  // namespace vmarea
