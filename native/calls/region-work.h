// Work on a part of a region that may wait, for a disk or for whoever serves its pages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

enum class WorkKind { kSync, kAdvise, kRead, kWrite };

struct RegionWork {
  WorkKind kind;
  uintptr_t memory;
  size_t length;
  int argument = 0;          // msync's flags, or the advice
  uint8_t* bytes = nullptr;  // what is read or written
  // What came of it.
  size_t done = 0;
  int error = 0;
  Fault fault{};  // with -EFAULT, where an access of ours met it
};

// On any thread, which may wait in it.
void do_region_work(RegionWork* work);

}  // namespace vmarea
