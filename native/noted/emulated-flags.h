// VM flags that the library holds of a device's mapping, because no system call could give them to the kernel's own area: IO, MIXEDMAP,
// DONTEXPAND and PFNMAP set, MAYREAD, MAYWRITE and MAYEXEC cleared. By address and for the whole process, so that every thread answers
// as the kernel would if it had them.
//
// A range that is held is a device's, even where no flag is: its faults are served, and a piece of it that moved away would not be.
// All of it is under the region table's lock; functions that end in _locked want it held.
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

// Beside the kernel's flags: the guard takes the range's faults (watched-memory.h). Nobody outside the addon sees it.
constexpr uint64_t kEmulatedWatched = uint64_t{1} << 52;

// [start, end) with the flags of one mapping.
struct EmulatedRange {
  uintptr_t start, end;
  uint64_t set, cleared;
};

// How many there are. Mostly none, and then every other question is answered.
extern std::atomic<size_t> emulated_ranges;

// Holds flags of a range, beside those that are held of its parts already.
void hold_flags_locked(uintptr_t start, uintptr_t end, uint64_t set, uint64_t cleared);
// Lets go of some of the flags, which are set, in a range.
void release_emulated_locked(uintptr_t start, uintptr_t end, uint64_t set);
// The range was unmapped or replaced.
void forget_emulated_locked(uintptr_t start, uintptr_t end);
// The area that ended at `end` has grown in place.
void grow_emulated_locked(uintptr_t end, uintptr_t new_end);
// What is held at the address: a range of no length where nothing is.
EmulatedRange emulated_at_locked(uintptr_t address);
// Whether what lies on both sides of the border is one area or may become one (`can_vma_merge`), as far as held flags go.
bool may_merge_emulated_locked(uintptr_t border);

// What is held in [start, end), clipped to it, by address. Takes the lock itself, and copies: who goes over it makes system calls meanwhile.
std::vector<EmulatedRange> emulated_in(uintptr_t start, uintptr_t end);

}  // namespace vmarea
