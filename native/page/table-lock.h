// The lock of the region table, and constants of every mapping call.
#pragma once

#include <sys/mman.h>

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

inline void* at(uintptr_t address) { return reinterpret_cast<void*>(address); }

// Flags of mmap for memory that costs nothing until it is touched.
constexpr int kNothing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

}  // namespace vmarea
