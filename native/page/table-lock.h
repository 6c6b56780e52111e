// The lock of the region table, and what every mapping call needs.
#pragma once

#include <sys/mman.h>

#include <cstdint>

namespace vmarea {

// The signal handler takes this lock too: nothing that holds it may wait for anything but the kernel.
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
