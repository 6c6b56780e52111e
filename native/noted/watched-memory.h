// The records of watched memory, under the region table's lock, which the signal handler takes too.
//
// Watched memory is a map of a memory file. A page is hidden until it is shown, so that an access raises SIGSEGV, for which the guard
// calls `wait_for_page`. Functions that only look things up are safe in the signal handler; functions that make, split or end ranges
// allocate, and are not.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>

#include "page/bitmap.h"
#include "noted/guard-source.h"
#include "page/page-size.h"

namespace vmarea {

// The memory of one `watch`, while a part of it is watched.
struct WatchedMemory {
  uintptr_t start, end;
  GuardSource* source;
  size_t references = 0;  // ranges
  bool shared;            // the file keeps a page that the map drops
  bool notify;            // the first write to a page is reported as a fault
  bool marks;             // chunks are opened with markers
  bool marked = false;    // markers may have been set
  bool protects = false;  // pages of open chunks may be hidden by their protection too
  size_t chunk;           // bytes
  uint64_t* shown = nullptr;
  uint64_t* writable = nullptr;  // pages whose first write was reported
  uint64_t* open = nullptr;      // by chunk

  size_t pages() const { return (end - start) / page_size(); }
  size_t chunks() const { return (end - start + chunk - 1) / chunk; }
  size_t page(uintptr_t address) const { return (address - start) / page_size(); }
  uintptr_t address(size_t page) const { return start + page * page_size(); }
  bool is_open(uintptr_t address) const { return has_bit(open, (address - start) / chunk); }
};

struct WatchedRange {
  uintptr_t start, end;
  int protection;
  WatchedMemory* memory;
};

// The number of watched ranges. With 0, the usual case, no other function need be called.
extern std::atomic<size_t> watched_ranges;

// By start address; ranges do not touch.
using WatchedRanges = std::map<uintptr_t, WatchedRange>;
WatchedRanges& watched_ranges_locked();
// The first range that ends after the address.
WatchedRanges::iterator first_watched_after_locked(uintptr_t address);
// The range that contains the address, or nullptr.
WatchedRange* find_watched_locked(uintptr_t address);
// Splits the range that contains the address, at the address.
void cut_watched_locked(uintptr_t address);

// Returns 0 or a negative error number: -EBUSY where an open source watches a part of it.
int watch_locked(GuardSource* source, uintptr_t start, uintptr_t end, int protection, bool notify, bool shared);
void unwatch_locked(uintptr_t start, uintptr_t end);

// Calls `act(from, to)` for the parts of [start, end) that this source watches. Its ranges may have changed: the program may have
// unmapped one and mapped other memory there, which the server learns later.
template <typename Act>
int for_own_locked(const GuardSource* source, uintptr_t start, uintptr_t end, Act act) {
  for (uintptr_t at = start; at < end;) {
    auto found = first_watched_after_locked(at);
    if (found == watched_ranges_locked().end() || found->second.start >= end) return 0;
    const WatchedRange& range = found->second;
    uintptr_t from = std::max(at, range.start);
    at = std::min(end, range.end);
    if (range.memory->source != source) continue;
    int error = act(from, at);
    if (error != 0) return error;
  }
  return 0;
}

// Calls `act(range, from, to)` for the runs of [start, end) within one chunk of one range.
template <typename Act>
int for_chunks_locked(uintptr_t start, uintptr_t end, Act act) {
  for (uintptr_t at = start; at < end;) {
    auto found = first_watched_after_locked(at);
    if (found == watched_ranges_locked().end() || found->second.start >= end) return 0;
    WatchedRange& range = found->second;
    at = std::max(at, range.start);
    uintptr_t border = range.memory->start + ((at - range.memory->start) / range.memory->chunk + 1) * range.memory->chunk;
    uintptr_t to = std::min({end, range.end, border});
    int error = act(range, at, to);
    if (error != 0) return error;
    at = to;
  }
  return 0;
}

// ---- for the rest of the addon ----

// The range was unmapped or replaced: ends its watch.
void forget_watched_locked(uintptr_t start, uintptr_t end);
// The map that ended at `end` has grown in place.
void grow_watched_locked(uintptr_t end, uintptr_t new_end);
bool is_watched_locked(uintptr_t address);
// Whether the page is watched and not shown: no thread may touch it while it holds the lock.
bool is_hidden_locked(uintptr_t address);

// Whether a protection lets the program read (access 0), write (1) or execute (2).
bool allows(int protection, uint8_t access);
// Whether the program may access all watched memory in the range.
bool is_allowed(uintptr_t start, uintptr_t end, bool write);

}  // namespace vmarea
