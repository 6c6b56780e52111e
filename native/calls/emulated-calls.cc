#include "calls/emulated-calls.h"

#include <unistd.h>

#include <algorithm>

#include "addon/answer.h"
#include "lifetime/forget-range.h"
#include "noted/emulated-flags.h"
#include "page/newer-kernel.h"
#include "page/page-size.h"
#include "region/region-table.h"
#include "guard/shown-pages.h"
#include "noted/watched-memory.h"

namespace vmarea {
namespace {

#if defined(__aarch64__)
constexpr int kProtections = 0x3f;  // with PROT_SEM, PROT_BTI and PROT_MTE
#else
constexpr int kProtections = 0xf;  // with PROT_SEM
#endif

bool may_never(const EmulatedRange& range, int protection) {
  // Each access bit has its may bit four bits above.
  return (static_cast<uint64_t>(protection & 7) & (range.cleared >> 4)) != 0;
}

}  // namespace

int emulated_protection_refusal(uintptr_t start, size_t length, int protection) {
  for (const EmulatedRange& range : emulated_in(start, start + length))
    if (may_never(range, protection)) return -EACCES;
  return 0;
}

int emulated_mprotect(uintptr_t address, size_t length, int protection) {
  if (is_range(address, length)) {
    for (const EmulatedRange& range : emulated_in(address, address + whole_pages(length))) {
      if (!may_never(range, protection)) continue;
      // The areas before this one are changed all the same, unless one of them fails first.
      TableLock lock;
      int error = protect_memory_locked(address, range.start - address, protection);
      if (error != 0) return error;
      // Bits that are no protection of a file's area are refused before the areas are checked.
      return range.start == address && (protection & ~kProtections) != 0 ? -EINVAL : -EACCES;
    }
  }
  // The kernel is not called for hidden pages, so check what it would refuse at once.
  bool plain = emulated_ranges.load() == 0 || !is_range(address, length) || (protection & ~kProtections) != 0;
  // Not by mprotect(3) of musl, which rounds the range to whole pages where the kernel refuses it.
  if (plain) return static_cast<int>(answer(syscall(SYS_mprotect, address, length, protection)));
  TableLock lock;
  return protect_memory_locked(address, whole_pages(length), protection);
}

int emulated_growth_refusal(uintptr_t end) {
  if (emulated_ranges.load() == 0) return 0;
  TableLock lock;
  uint64_t set = emulated_at_locked(end - 1).set;
  if (set & (kVmDontExpand | kVmPfnmap)) return -EFAULT;
  return set & kVmSpecial ? -ENOMEM : 0;  // growing in place is a merge with the new range (vma_merge_extend)
}

void* grow_in_place_locked(uintptr_t start, size_t length, size_t new_length) {
  if (!is_watched_locked(start + length - 1)) return mremap(at(start), length, new_length, 0);
  // The guard has split it into several areas, of which the last can grow.
  uintptr_t last = start + length - page_size();
  void* grown = mremap(at(last), page_size(), page_size() + new_length - length, 0);
  return grown == MAP_FAILED ? grown : at(start);
}

int64_t emulated_mremap(uintptr_t address, size_t old_length, size_t new_length, int flags, uintptr_t new_address) {
  auto call = [&](int with) { return answer(syscall(SYS_mremap, address, old_length, new_length, with, new_address)); };
  size_t before = whole_pages(old_length), after = whole_pages(new_length);
  bool sound = address % page_size() == 0 && is_range(address, after) && before >= old_length && address + before >= address &&
               (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) == 0;
  if (!sound) return call(flags);
  bool placed = (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0;
  bool in_place = !placed && after <= before;
  std::vector<EmulatedRange> held = emulated_in(address, address + std::max(before, page_size()));
  if (!held.empty() && !in_place) {
    bool wrong_place = placed && ((flags & MREMAP_MAYMOVE) == 0 || new_address % page_size() != 0 ||
                                  ((flags & MREMAP_DONTUNMAP) != 0 && before != after) ||
                                  (address + before > new_address && new_address + after > address));
    if (wrong_place) return call(flags);
    const EmulatedRange& first = held.front();
    if (first.start == address) {
      bool fixed_size = (first.set & (kVmDontExpand | kVmPfnmap)) != 0;
      if (fixed_size && (flags & MREMAP_DONTUNMAP)) return -EINVAL;
      if (std::min(before, after) > first.end - address && before != after) return -EFAULT;
      if (fixed_size && after > before) return -EFAULT;
      if (!placed && before > 0 && (first.set & kVmSpecial) != 0) return -ENOMEM;
    }
    // The server of these pages serves them at this address alone: answer as a driver whose `mremap` operation refuses.
    if (placed || before == 0) return -EINVAL;
    TableLock lock;
    void* grown = grow_in_place_locked(address, before, after);
    if (grown == MAP_FAILED) return -errno;
    grow_range_locked(address + before, address + after);
    return static_cast<int64_t>(address);
  }
  int64_t result = call(flags);
  if (result < 0) return result;
  TableLock lock;
  if (flags & MREMAP_FIXED) forget_device_range_locked(new_address, after);
  if (in_place && after < before) forget_range_locked(address + after, before - after);
  return result;
}

}  // namespace vmarea
