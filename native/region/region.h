// The memory that the library holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

struct AddressRoot;

// A page-aligned range of addresses that nobody else will be given.
//
// Its fields belong to the thread that made it, save what containment changes: that is under the table's lock.
struct Region {
  uintptr_t start = 0;
  uintptr_t end = 0;
  size_t page = 0;
  ThreadState* owner = nullptr;
  AddressRoot* root = nullptr;    // none until a buffer can reach the addresses
  Region* next_member = nullptr;  // of the root's ring
  Region* previous_member = nullptr;
  double handle = 0;
  napi_ref object = nullptr;  // weak: finds the region's object in JavaScript, and tells when it is collected
  bool hole = false;          // unmapped: inaccessible addresses that only wait for the last lease
  bool orphan = false;        // nobody has the object any more: goes with the last lease

  // Containment: `guard/covers.h`.
  double faults = 0;
  bool unsettled = false;    // holds for a fault that no scope, no restore has answered
  bool reported = false;     // the event loop has reported one of these faults: no scope will answer it
  bool unreported = false;   // its first fault was not noted for want of room
  size_t unanswered = 0;     // noted faults that nothing has answered
  uint32_t settlements = 0;  // how often all its faults were answered
  Fault first{};
  uint64_t cover_changes = 0;  // how often a page was covered or put back
  // What maps a page again that could not be moved: the flags of mmap, and the file where it is kept open for that.
  int map_flags = 0;
  int file = -1;
  int64_t file_offset = 0;  // of `start`

  size_t length() const { return end - start; }
  // Whether [offset, offset + bytes) lies in it.
  bool has(size_t offset, size_t bytes) const { return offset <= length() && bytes <= length() - offset; }
};

}  // namespace vmarea
