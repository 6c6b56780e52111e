#include "noted/emulated-flags.h"

#include <algorithm>
#include <map>

#include "region/region-table.h"

namespace vmarea {

std::atomic<size_t> emulated_ranges{0};

namespace {

// By start address; ranges do not touch.
std::map<uintptr_t, EmulatedRange>& ranges_locked() {
  static std::map<uintptr_t, EmulatedRange>* ranges = new std::map<uintptr_t, EmulatedRange>;
  return *ranges;
}

void count_locked() { emulated_ranges.store(ranges_locked().size()); }

// The first range that ends after the address.
std::map<uintptr_t, EmulatedRange>::iterator first_after_locked(uintptr_t address) {
  auto& ranges = ranges_locked();
  auto next = ranges.upper_bound(address);
  return next != ranges.begin() && std::prev(next)->second.end > address ? std::prev(next) : next;
}

// Splits the range that contains the address, at the address.
void cut_locked(uintptr_t address) {
  auto found = first_after_locked(address);
  if (found == ranges_locked().end() || found->second.start >= address) return;
  EmulatedRange rest = found->second;
  rest.start = address;
  found->second.end = address;
  ranges_locked().emplace(address, rest);
}

bool same_flags(const EmulatedRange& one, const EmulatedRange& other) { return one.set == other.set && one.cleared == other.cleared; }

}  // namespace

void hold_flags_locked(uintptr_t start, uintptr_t end, uint64_t set, uint64_t cleared) {
  if (start >= end) return;
  auto& ranges = ranges_locked();
  cut_locked(start);
  cut_locked(end);
  uintptr_t at = start;
  for (auto range = ranges.lower_bound(start); at < end;) {
    if (range == ranges.end() || range->second.start > at) {
      uintptr_t to = range == ranges.end() ? end : std::min(end, range->second.start);
      range = ranges.emplace(at, EmulatedRange{at, to, set, cleared}).first;
    } else {
      range->second.set |= set;
      range->second.cleared |= cleared;
    }
    at = range->second.end;
    ++range;
  }
  count_locked();
}

void release_emulated_locked(uintptr_t start, uintptr_t end, uint64_t set) {
  cut_locked(start);
  cut_locked(end);
  auto& ranges = ranges_locked();
  for (auto range = ranges.lower_bound(start); range != ranges.end() && range->second.start < end; ++range) range->second.set &= ~set;
  count_locked();
}

void forget_emulated_locked(uintptr_t start, uintptr_t end) {
  if (emulated_ranges.load() == 0 || start >= end) return;
  cut_locked(start);
  cut_locked(end);
  auto& ranges = ranges_locked();
  ranges.erase(ranges.lower_bound(start), ranges.lower_bound(end));
  count_locked();
}

void grow_emulated_locked(uintptr_t end, uintptr_t new_end) {
  if (emulated_ranges.load() == 0) return;
  forget_emulated_locked(end, new_end);
  auto last = first_after_locked(end - 1);
  if (last != ranges_locked().end() && last->second.end == end) last->second.end = new_end;
}

EmulatedRange emulated_at_locked(uintptr_t address) {
  if (emulated_ranges.load() == 0) return {};
  auto found = first_after_locked(address);
  return found != ranges_locked().end() && found->second.start <= address ? found->second : EmulatedRange{};
}

bool may_merge_emulated_locked(uintptr_t border) {
  if (emulated_ranges.load() == 0) return true;
  EmulatedRange before = emulated_at_locked(border - 1), after = emulated_at_locked(border);
  if (before.start == after.start) return true;  // one area, or no held flags on either side
  bool both = before.start < before.end && after.start < after.end;
  return both && same_flags(before, after) && ((before.set | after.set) & kVmSpecial) == 0;
}

std::vector<EmulatedRange> emulated_in(uintptr_t start, uintptr_t end) {
  std::vector<EmulatedRange> result;
  if (emulated_ranges.load() == 0) return result;
  TableLock lock;
  for (auto range = first_after_locked(start); range != ranges_locked().end() && range->second.start < end; ++range) {
    EmulatedRange part = range->second;
    part.start = std::max(part.start, start);
    part.end = std::min(part.end, end);
    result.push_back(part);
  }
  return result;
}

}  // namespace vmarea
