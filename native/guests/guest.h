// The memory of another process that this one serves: a virtual machine monitor's guest.
//
// One thread of the process, the server thread, serves all guests: it waits for all of them at once, owns the states of their pages and
// makes every answer. JavaScript gives it what to do as functions that it runs between two answers, and reads counters.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "guests/page-states.h"
#include "guests/source.h"
#include "guests/statistics.h"

namespace vmarea::guests {

// What becomes of the pages that were not served when serving ends.
enum class OnFailure : int { kPoison, kKill, kWait };

// A piece of the guest's memory, and where its bytes are in the source. Half-open ranges, all in bytes.
struct GuestRegion {
  uint64_t start, length, offset;
  uint64_t page;  // bytes a page: an answer is whole ones
  size_t first;   // the number of its first page among the guest's
};

// A fault that was read and has no answer yet.
struct WaitingFault {
  uint64_t address, flags;
  uint64_t since;      // nanoseconds
  bool again = false;  // an answer met EAGAIN
  bool alone = false;  // a read of its page with others failed, and the error may be that of another page
};

struct Request;

struct Guest {
  uint32_t number = 0;
  int descriptor = -1;  // of the userfaultfd
  int pidfd = -1;
  int process = 0;  // its number, for the log
  int log = -1;  // where removals are written before their pages go; -1: nowhere
  OnFailure on_failure = OnFailure::kPoison;
  std::vector<GuestRegion> regions;  // by address, apart
  std::unique_ptr<PageStates> states;
  Statistics statistics;
  struct Listener* listener = nullptr;  // the environment that hears of it
  std::atomic<bool> over{false};        // `on_failure` was applied, or the monitor is gone

  // The rest is the server thread's.
  enum Mode { kOpened, kServing, kPoisoned, kLeft, kGone } mode = kOpened;
  std::shared_ptr<const Source> source;
  uint64_t around = 0;             // bytes; fetched at once around a fault
  uint64_t timeout = 0;            // nanoseconds an answer of a slow source may take
  bool unregister_removed = false;
  bool kill_on_page_failure = false;
  bool protects = false;           // pages are installed write-protected, so that writes are known
  std::vector<WaitingFault> waiting;
  bool parked = false;  // an answer met EAGAIN, or there was no room for a request: try again soon
  std::vector<Request*> requests;  // in flight
  std::vector<std::pair<uint64_t, uint64_t>> prefetch;  // ranges of the source still to be fetched, the next one last
  uint64_t ahead = 0;  // bytes that were fetched behind the last fault in order
  uint64_t order_start = 0, order_end = 0;  // addresses: a fault from the one to the other, both included, is in order
  std::vector<uint64_t> hints;  // a bit a page that is to be prefetched; empty where none is
  bool prefetching = false;
  uint32_t prefetches = 0;  // how often ranges were given
  bool protects_itself = false;    // the kernel notes writes in the page table (wp_async), and lifts protection itself
  std::vector<uint64_t> dirty;     // a bit a page that was written or removed; empty where writes are not noted

  std::vector<std::pair<uint64_t, uint64_t>> dropped;  // of a guest that was poisoned: ranges to poison again

  std::mutex record_mutex;
  std::vector<uint64_t> dirty_copy;
  bool records = false;
  std::vector<uint64_t> record;  // offsets of pages that were demanded while missing, in order
};

using GuestPointer = std::shared_ptr<Guest>;

inline const GuestRegion* region_at(const Guest& guest, uint64_t address) {
  for (const GuestRegion& region : guest.regions)
    if (address - region.start < region.length) return &region;
  return nullptr;
}

inline uint64_t index_of(const GuestRegion& region, uint64_t address) { return region.first + (address - region.start) / region.page; }

}  // namespace vmarea::guests
