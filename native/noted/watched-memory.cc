#include "noted/watched-memory.h"

#include <errno.h>
#include <sys/mman.h>

#include <algorithm>

#include "noted/emulated-flags.h"
#include "page/page-calls.h"
#include "region/uncovered-runs.h"

namespace vmarea {

std::atomic<size_t> watched_ranges{0};

namespace {

void count_locked() { watched_ranges.store(watched_ranges_locked().size()); }

uint64_t* new_bits(size_t bits) {
  void* memory = mmap(nullptr, (bits + 63) / 64 * 8, PROT_READ | PROT_WRITE, kNothing, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint64_t*>(memory);
}

void delete_bits(uint64_t* bits, size_t count) {
  if (bits != nullptr) munmap(bits, (count + 63) / 64 * 8);
}

void delete_memory_locked(WatchedMemory* memory) {
  delete_bits(memory->shown, memory->pages());
  delete_bits(memory->writable, memory->pages());
  delete_bits(memory->open, memory->chunks());
  memory->source->references--;
  delete memory;
}

// Large enough that a large range has fewer chunks than the limit of areas, small enough that opening one is fast.
size_t chunk_for(size_t length) {
  size_t chunk = 512 * page_size();
  while (chunk < length / 1024 && chunk < 16384 * page_size()) chunk *= 2;
  return chunk;
}

}  // namespace

WatchedRanges& watched_ranges_locked() {
  static WatchedRanges* ranges = new WatchedRanges;
  return *ranges;
}

WatchedRanges::iterator first_watched_after_locked(uintptr_t address) {
  auto& ranges = watched_ranges_locked();
  auto next = ranges.upper_bound(address);
  return next != ranges.begin() && std::prev(next)->second.end > address ? std::prev(next) : next;
}

WatchedRange* find_watched_locked(uintptr_t address) {
  auto found = first_watched_after_locked(address);
  return found != watched_ranges_locked().end() && found->second.start <= address ? &found->second : nullptr;
}

void cut_watched_locked(uintptr_t address) {
  WatchedRange* range = find_watched_locked(address);
  if (range == nullptr || range->start == address) return;
  WatchedRange rest = *range;
  rest.start = address;
  range->end = address;
  rest.memory->references++;
  watched_ranges_locked().emplace(address, rest);
  count_locked();
}

int watch_locked(GuardSource* source, uintptr_t start, uintptr_t end, int protection, bool notify, bool shared) {
  auto& ranges = watched_ranges_locked();
  bool before = false;
  for (auto range = first_watched_after_locked(start); range != ranges.end() && range->second.start < end; ++range) {
    if (!range->second.memory->source->closed) return -EBUSY;
    before = true;
  }
  if (before) unwatch_locked(start, end);  // its server has ended
  WatchedMemory* memory = new WatchedMemory{};
  memory->start = start;
  memory->end = end;
  memory->source = source;
  memory->shared = shared;
  memory->notify = notify;
  memory->marks = source->marks && (shared || !before);
  memory->marked = before && source->marks;
  memory->chunk = chunk_for(end - start);
  source->references++;
  memory->shown = new_bits(memory->pages());
  memory->open = new_bits(memory->chunks());
  if (notify) memory->writable = new_bits(memory->pages());
  int error = memory->shown == nullptr || memory->open == nullptr || (notify && memory->writable == nullptr) ? -ENOMEM : 0;
  auto hide = [](uintptr_t from, uintptr_t to) { return protect_pages(from, to, PROT_NONE); };
  if (error == 0) error = for_uncovered_locked(start, end, hide);
  if (error != 0) {
    delete_memory_locked(memory);
    return error;
  }
  memory->references = 1;
  ranges.emplace(start, WatchedRange{start, end, protection, memory});
  count_locked();
  hold_flags_locked(start, end, kEmulatedWatched, 0);
  return 0;
}

void unwatch_locked(uintptr_t start, uintptr_t end) {
  cut_watched_locked(start);
  cut_watched_locked(end);
  auto& ranges = watched_ranges_locked();
  for (auto range = ranges.lower_bound(start); range != ranges.end() && range->second.start < end;) {
    WatchedMemory* memory = range->second.memory;
    answer_faults_locked(&memory->source->queue, range->second.start, range->second.end, kShown);
    range = ranges.erase(range);
    tell_awaiting_locked(memory->source);
    if (--memory->references == 0) delete_memory_locked(memory);
  }
  count_locked();
}

void forget_watched_locked(uintptr_t start, uintptr_t end) {
  if (watched_ranges.load() > 0) unwatch_locked(start, end);
}

void grow_watched_locked(uintptr_t end, uintptr_t new_end) {
  if (watched_ranges.load() == 0) return;
  WatchedRange* last = find_watched_locked(end - 1);
  if (last == nullptr || last->end != end) return;
  WatchedMemory* memory = last->memory;
  watch_locked(memory->source, end, new_end, last->protection, memory->notify, memory->shared);
}

bool is_watched_locked(uintptr_t address) { return watched_ranges.load() > 0 && find_watched_locked(address) != nullptr; }

bool is_hidden_locked(uintptr_t address) {
  if (watched_ranges.load() == 0) return false;
  const WatchedRange* range = find_watched_locked(address);
  return range != nullptr && !has_bit(range->memory->shown, range->memory->page(address));
}

bool allows(int protection, uint8_t access) {
  if (access == 1) return (protection & PROT_WRITE) != 0;
  if (access == 2) return (protection & PROT_EXEC) != 0;
  return (protection & (PROT_READ | PROT_WRITE)) != 0;
}

bool is_allowed(uintptr_t start, uintptr_t end, bool write) {
  TableLock lock;
  for (auto range = first_watched_after_locked(start); range != watched_ranges_locked().end() && range->second.start < end; ++range)
    if (!allows(range->second.protection, write)) return false;
  return true;
}

}  // namespace vmarea
