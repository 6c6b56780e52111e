// The JavaScript threads that hear of guests, and read what their sources have.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "guests/guest.h"

namespace vmarea::guests {

// What a record says first. `src/linux/guests/guest-reports.ts` has the same numbers.
enum class Report : int { kGone, kPageFailed, kPrefetched, kRead, kLeft, kDirty, kReadAhead };

// One JavaScript thread. Never freed: the server thread may look at one that has ended.
struct Listener {
  std::mutex mutex;
  napi_threadsafe_function function = nullptr;  // none once the environment is gone
  std::vector<double> records;                  // four numbers each: the kind, the guest or slot, and two more
  size_t kept = 0;                              // guests and reads that keep the event loop alive
  bool called = false;
};

// Memory that JavaScript reads pages into, and the copies are made from.
struct SlotMemory {
  uint8_t* bytes;
  size_t length;
  SlotMemory(uint8_t* bytes, size_t length) : bytes(bytes), length(length) {}
  SlotMemory(const SlotMemory&) = delete;
  ~SlotMemory();
};

// A source that JavaScript reads, with a slot for each read in flight. Slots are the server thread's.
struct Script {
  Listener* listener;
  uint32_t number;
  size_t slot_size;
  std::shared_ptr<SlotMemory> memory;
  std::vector<uint32_t> free;
  std::vector<Request*> by_slot;
  bool closed = false;
};

void tell(Listener* listener, Report kind, double about, double one, double other);
void report(const Guest& guest, Report kind, double one = 0, double other = 0);

}  // namespace vmarea::guests
