// VM flags that the library holds for a device's mapping, because no system call can set them in the kernel's own area: IO, MIXEDMAP,
// DONTEXPAND and PFNMAP set, MAYREAD, MAYWRITE and MAYEXEC cleared. By address and for the whole process, so that every thread answers as
// the kernel would if its area had them.
//
// A held range belongs to a device, even without a held flag: its faults are served, which those of a part that moved away would not be.
// The region table's lock guards all of it; functions that end in _locked require it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmarea {

constexpr uint64_t kVmMayRead = 0x10, kVmMayWrite = 0x20, kVmMayExec = 0x40, kVmPfnmap = 0x400, kVmIo = 0x4000;
constexpr uint64_t kVmDontExpand = 0x40000, kVmMixedMap = 0x10000000;
// VM_SPECIAL: such an area never merges and is never locked.
constexpr uint64_t kVmSpecial = kVmIo | kVmDontExpand | kVmPfnmap | kVmMixedMap;

// Not a flag of the kernel: the guard takes the range's faults (watched-memory.h). It is not visible outside the addon.
constexpr uint64_t kEmulatedWatched = uint64_t{1} << 52;

// [start, end) with the flags of one mapping.
struct EmulatedRange {
  uintptr_t start, end;
  uint64_t set, cleared;
};

// The number of ranges. With 0, the usual case, no other function need be called.
extern std::atomic<size_t> emulated_ranges;

// Adds flags for a range to those that are held for its parts already.
void hold_flags_locked(uintptr_t start, uintptr_t end, uint64_t set, uint64_t cleared);
// Removes some of the held set flags in a range.
void release_emulated_locked(uintptr_t start, uintptr_t end, uint64_t set);
// The range was unmapped or replaced.
void forget_emulated_locked(uintptr_t start, uintptr_t end);
// The area that ended at `end` has grown in place.
void grow_emulated_locked(uintptr_t end, uintptr_t new_end);
// The flags that are held at the address; an empty range where none are.
EmulatedRange emulated_at_locked(uintptr_t address);
// Whether the memory on both sides of the boundary is one area or may become one (`can_vma_merge`), by the held flags.
bool may_merge_emulated_locked(uintptr_t border);

// The held ranges in [start, end), clipped to it, by address. Takes the lock itself and copies, because the caller makes system calls in
// its loop.
std::vector<EmulatedRange> emulated_in(uintptr_t start, uintptr_t end);

}  // namespace vmarea
