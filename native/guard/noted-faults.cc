#include "guard/noted-faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/containment.h"
#include "guard/covers.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

constexpr size_t kBytes = NotedFaults::kCapacity * sizeof(NotedFault);

// The states of threads that have not ended, the oldest first. The table's lock guards it.
std::vector<ThreadState*>& threads_locked() {
  static std::vector<ThreadState*>* threads = new std::vector<ThreadState*>;
  return *threads;
}

NotedFault* new_ring() {
  void* ring = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, kNothing, -1, 0);
  return ring == MAP_FAILED ? nullptr : static_cast<NotedFault*>(ring);
}

void delete_ring(NotedFaults* ring) {
  if (ring->entries != nullptr) munmap(ring->entries, kBytes);
  *ring = {};
}

// The region for which the fault was noted; nullptr where it was unmapped.
Region* region_of_locked(const NotedFault& noted) {
  Region* region = find_locked(noted.fault.address);
  return region != nullptr && region->owner == noted.owner && region->handle == noted.handle ? region : nullptr;
}

void answer_locked(const NotedFault& noted) {
  Region* region = find_locked(noted.fault.address);
  if (region == nullptr) return;
  const Cover* cover = find_cover_locked(noted.fault.address);
  // A page that stays covered leaves its fault unanswered: every call that would return the cover's bytes throws it.
  if (cover != nullptr && uncover_locked(region, *cover) != 0) return;
  if (region->hole) return;
  if (region != region_of_locked(noted) || region->settlements != noted.settlements || region->unanswered == 0) return;
  if (--region->unanswered == 0) settle_locked(region);
}

// The function in which the access failed has returned without answering it.
bool report_locked(const NotedFault& noted) {
  Region* region = find_locked(noted.fault.address);
  if (region != nullptr && region->unsettled) region->reported = true;
  return true;
}

// The thread that owns the region reports the fault.
bool hand_to_owner_locked(ThreadState* state, const NotedFault& noted) {
  if (noted.owner == state || noted.handle == kEndedThread) return false;
  Region* region = region_of_locked(noted);
  if (region == nullptr || region->owner == state) return false;
  note_for_owner_locked(region, noted.fault);
  return true;
}

// The first fault of a region that could not be noted for lack of room.
bool take_unreported_locked(ThreadState* state, NotedFault* noted) {
  if (!state->overflowed) return false;
  for (Region* region : state->slots) {
    if (region == nullptr || !region->unreported) continue;
    region->unreported = false;
    *noted = {region->first, region->handle, state, region->settlements, 0};
    return true;
  }
  state->overflowed = false;
  return false;
}

// A thread that can report, other than this one.
ThreadState* heir_locked(const ThreadState* state) {
  for (ThreadState* other : threads_locked())
    if (other != state && other->bell >= 0) return other;
  return nullptr;
}

const char* name_of(uint8_t access) { return access == 0 ? "read" : access == 1 ? "write" : "execute"; }

void print(size_t count, const Fault& first) {
  char text[320];
  int length = snprintf(text, sizeof text,
                        "(vmarea) %zu contained fault%s unreported at the end, the first a failed %s at 0x%zx: what was read there is not the "
                        "memory, and writes are not in it. Use access(), read() or write() to have such faults thrown.\n",
                        count, count == 1 ? " is" : "s are", name_of(first.access), static_cast<size_t>(first.address));
  if (write(STDERR_FILENO, text, static_cast<size_t>(length)) < 0) {
    // Write it to standard error: no thread can report it.
  }
}

// process.exit() ends the process without taking the main thread's environment down.
void print_at_exit() {
  size_t count = 0;
  Fault first{};
  {
    TableLock lock;
    for (ThreadState* state : threads_locked()) {
      for (NotedFaults* ring : {&state->noted, &state->noted_elsewhere}) {
        if (count == 0 && ring->length > 0) first = (*ring)[0].fault;
        count += ring->length;
        ring->length = 0;
      }
    }
  }
  if (count > 0) print(count, first);
}

}  // namespace

size_t count_threads_locked() { return threads_locked().size(); }

bool begin_noted_faults(ThreadState* state) {
  state->noted.entries = new_ring();
  state->noted_elsewhere.entries = new_ring();
  if (state->noted.entries == nullptr || state->noted_elsewhere.entries == nullptr) {
    delete_ring(&state->noted);
    delete_ring(&state->noted_elsewhere);
    return false;
  }
  TableLock lock;
  static bool registered = false;
  if (!registered) registered = atexit(print_at_exit) == 0;
  threads_locked().push_back(state);
  return true;
}

void end_noted_faults(ThreadState* state) {
  size_t count = 0;
  NotedFault noted;
  Fault first{};
  {
    TableLock lock;
    if (state->bell >= 0) close(state->bell);
    state->bell = -1;
    auto& threads = threads_locked();
    for (size_t index = 0; index < threads.size(); index++)
      if (threads[index] == state) threads.erase(threads.begin() + static_cast<std::ptrdiff_t>(index--));
    ThreadState* heir = heir_locked(state);
    while (take_noted_locked(state, &noted)) {
      if (heir != nullptr && heir->noted_elsewhere.push({noted.fault, kEndedThread, nullptr, 0, 0})) continue;
      if (count++ == 0) first = noted.fault;
    }
    if (heir != nullptr) ring_bell_locked(heir);
    delete_ring(&state->noted);
    delete_ring(&state->noted_elsewhere);
  }
  if (count > 0) print(count, first);
}

void note_for_owner_locked(Region* region, const Fault& fault) {
  ThreadState* owner = region->owner;
  NotedFault noted = {fault, region->hole ? 0 : region->handle, owner, region->settlements, 0};
  bool ended = owner->noted_elsewhere.entries == nullptr;
  ThreadState* reporter = ended ? heir_locked(owner) : owner;
  if (ended) noted.handle = kEndedThread;
  if (reporter != nullptr && reporter->noted_elsewhere.push(noted)) {
    ring_bell_locked(reporter);
    return;
  }
  region->unreported = !region->hole;
  owner->overflowed = true;
}

void ring_bell_locked(ThreadState* state) {
  if (state->bell < 0 || state->rung) return;
  state->rung = true;
  if (write(state->bell, "", 1) < 0) {
    // A full pipe wakes the event loop as well.
  }
}

Fault answer_noted_since_locked(ThreadState* state, int32_t mark) {
  NotedFaults& noted = state->noted;
  Fault first = state->last_fault;
  // The numbers wrap.
  for (; noted.length > 0 && noted[noted.length - 1].number - static_cast<uint32_t>(mark) - 1 < 1u << 31; noted.length--) {
    first = noted[noted.length - 1].fault;
    answer_locked(noted[noted.length - 1]);
  }
  return first;
}

bool take_noted_locked(ThreadState* state, NotedFault* noted) {
  state->rung = false;
  while (state->noted.length > 0) {
    *noted = state->noted.shift();
    if (!hand_to_owner_locked(state, *noted)) return report_locked(*noted);
  }
  if (state->noted_elsewhere.length > 0) {
    *noted = state->noted_elsewhere.shift();
    return report_locked(*noted);
  }
  return take_unreported_locked(state, noted) && report_locked(*noted);
}

}  // namespace vmarea
