// A range of memory that the library holds.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

struct AddressRoot;

// A page-aligned range of addresses that the kernel assigns to no other mapping.
//
// Its fields belong to the thread that made it; the table's lock guards those that containment changes.
struct Region {
  uintptr_t start = 0;
  uintptr_t end = 0;
  size_t page = 0;
  ThreadState* owner = nullptr;
  AddressRoot* root = nullptr;    // nullptr until a buffer can reach the addresses
  Region* next_member = nullptr;  // of the root's ring
  Region* previous_member = nullptr;
  double handle = 0;
  napi_ref object = nullptr;  // weak reference to the region's object in JavaScript, to know when it is collected
  AddressRoot* lease = nullptr;  // of the object, from unmapping until it is collected: each buffer of the region keeps it alive
  bool hole = false;             // unmapped: inaccessible addresses until the last lease is released
  bool orphan = false;           // its object was collected: freed with the last lease

  // Containment: `guard/covers.h`.
  double faults = 0;
  bool unsettled = false;    // it has a fault that neither a scope nor a restore has answered
  bool reported = false;     // the event loop has reported one of these faults: no scope will answer it
  bool unreported = false;   // its first fault was not noted for lack of room
  size_t unanswered = 0;     // noted faults that are not answered
  uint32_t settlements = 0;  // how often all its faults were answered
  Fault first{};
  uint64_t cover_changes = 0;  // how often a page was covered or put back
  uint64_t absence = 0;        // the number of the last one, or 0: region/absence.h
  // The flags and the file of mmap for mapping a page again that can't be moved.
  int map_flags = 0;
  int file = -1;
  int64_t file_offset = 0;  // of `start`

  size_t length() const { return end - start; }
  // Whether [offset, offset + bytes) lies in it.
  bool has(size_t offset, size_t bytes) const { return offset <= length() && bytes <= length() - offset; }
  // Requires the table's lock. A file of the library's own, which has no other descriptor, is freed with its last map.
  void close_file_locked() {
    if (file >= 0) close(file);
    file = -1;
  }
};

}  // namespace vmarea
