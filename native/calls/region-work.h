// Work on a part of a region that may wait, for a disk or for the server of its pages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

enum class WorkKind { kSync, kAdvise, kRead, kWrite };

struct RegionWork {
  WorkKind kind = WorkKind::kSync;
  uintptr_t memory = 0;
  size_t length = 0;
  int argument = 0;          // msync's flags, or the advice
  uint8_t* bytes = nullptr;  // the bytes to read or write
  // The result.
  size_t done = 0;
  int error = 0;
  Fault fault{};  // with -EFAULT: the fault of an access of ours
};

// Runs on any thread, and may wait.
void do_region_work(RegionWork* work);

}  // namespace vmarea
