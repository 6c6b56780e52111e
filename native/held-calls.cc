#include "held-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "forget-range.h"
#include "guard-source.h"
#include "guarded-copy.h"
#include "held-flags.h"
#include "layout-lock.h"
#include "region-table.h"
#include "userfaultfd.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

namespace vmarea {
namespace {

// Advices that the headers of the machine that compiles may not have.
constexpr int kCold = 20, kPageout = 21, kPopulateRead = 22, kPopulateWrite = 23, kDontneedLocked = 24, kCollapse = 25;
constexpr int kGuardInstall = 102, kGuardRemove = 103;

#if defined(__aarch64__)
constexpr int kProtections = 0x3f;  // with PROT_SEM, PROT_BTI and PROT_MTE
#else
constexpr int kProtections = 0xf;  // with PROT_SEM
#endif

int64_t answer(long result) { return result == -1 ? -errno : result; }

size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t round_up(size_t length) { return (length + page_size() - 1) & ~(page_size() - 1); }

// Where the range is one that the kernel refuses as such, it says so itself.
bool is_range(uintptr_t address, size_t length) {
  size_t whole = round_up(length);
  return address % page_size() == 0 && whole >= length && whole > 0 && address + whole > address;
}

bool may_never(const HeldRange& range, int protection) {
  // Each access bit has its may bit four bits above.
  return (static_cast<uint64_t>(protection & 7) & (range.cleared >> 4)) != 0;
}

// What the kernel does with one advice on a held area that it would not do with the same area without the flags.
enum class Advised { kAsEver, kIgnored, kTouched, kRefused };
struct Treatment {
  Advised how;
  int error;
};

constexpr Treatment kAsEver = {Advised::kAsEver, 0}, kInvalid = {Advised::kRefused, -EINVAL};

// madvise_vma_behavior of Linux 6.18. Later kernels refuse DOFORK to all of VM_SPECIAL.
Treatment treatment_of(const HeldRange& range, int advice) {
  // The markers there are the guard's own.
  if ((range.set & kHeldWatched) != 0 && (advice == kGuardInstall || advice == kGuardRemove)) return kInvalid;
  bool special = (range.set & kVmSpecial) != 0;
  bool pfnmap = (range.set & kVmPfnmap) != 0;
  switch (advice) {
    case MADV_DOFORK:
      return range.set & kVmIo ? kInvalid : kAsEver;
    case MADV_DODUMP:
    case kGuardInstall:
    case kGuardRemove:
    case kCollapse:
      return special ? kInvalid : kAsEver;
    case MADV_DONTNEED:
    case kDontneedLocked:
    case MADV_FREE:
    case kCold:
    case kPageout:
      return pfnmap ? kInvalid : kAsEver;
    case kPopulateRead:
    case kPopulateWrite:
      if (range.set & (kVmIo | kVmPfnmap)) return kInvalid;
      return range.set & kHeldWatched ? Treatment{Advised::kTouched, 0} : kAsEver;
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
      return special ? Treatment{Advised::kIgnored, 0} : kAsEver;
    case MADV_REMOVE:
      if ((range.cleared & kVmMayWrite) == 0) {
        // Nobody would hide what becomes a hole in the file: as a file system that has none.
        return range.set & kHeldWatched ? Treatment{Advised::kRefused, -EOPNOTSUPP} : kAsEver;
      }
      // Locked memory is refused before that, and an advice that does nothing but to be refused on it tells.
      if (madvise(at(range.start), page_size(), kCold) != 0 && errno == EINVAL) return kInvalid;
      return {Advised::kRefused, -EACCES};
    default:
      return kAsEver;
  }
}

// Touches each page as the program would. False at the first that can't be had.
bool touch_pages(uintptr_t start, uintptr_t end, bool write) {
  for (uintptr_t page = start; page < end; page += page_size())
    if (!guarded_touch(page, write)) return false;
  return true;
}

bool is_this_process(int process) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", process);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  if (length <= 0) return false;
  text[length] = 0;
  const char* line = strstr(text, "\nPid:");
  return line != nullptr && atoi(line + 5) == getpid();
}

}  // namespace

int held_protection_refusal(uintptr_t start, size_t length, int protection) {
  for (const HeldRange& range : held_in(start, start + length))
    if (may_never(range, protection)) return -EACCES;
  return 0;
}

int held_mprotect(uintptr_t address, size_t length, int protection) {
  if (is_range(address, length)) {
    for (const HeldRange& range : held_in(address, address + round_up(length))) {
      if (!may_never(range, protection)) continue;
      // Area by area: those before this one are changed all the same, unless one of them fails first.
      TableLock lock;
      int error = protect_memory_locked(address, range.start - address, protection);
      if (error != 0) return error;
      // Bits that are no protection of a file's area are refused before the areas are looked at.
      return range.start == address && (protection & ~kProtections) != 0 ? -EINVAL : -EACCES;
    }
  }
  // Of hidden pages the kernel is not asked, and so not for what it would refuse at once.
  bool plain = held_ranges.load() == 0 || !is_range(address, length) || (protection & ~kProtections) != 0;
  if (plain) return static_cast<int>(answer(mprotect(at(address), length, protection)));
  TableLock lock;
  return protect_memory_locked(address, round_up(length), protection);
}

int held_growth_refusal(uintptr_t end) {
  if (held_ranges.load() == 0) return 0;
  TableLock lock;
  uint64_t set = held_at_locked(end - 1).set;
  if (set & (kVmDontExpand | kVmPfnmap)) return -EFAULT;
  return set & kVmSpecial ? -ENOMEM : 0;  // growing in place is a merge with what is new (vma_merge_extend)
}

void* grow_in_place_locked(uintptr_t start, size_t length, size_t new_length) {
  if (!is_watched_locked(start + length - 1)) return mremap(at(start), length, new_length, 0);
  // The guard has made several areas of it, of which the last can grow.
  uintptr_t last = start + length - page_size();
  void* grown = mremap(at(last), page_size(), page_size() + new_length - length, 0);
  return grown == MAP_FAILED ? grown : at(start);
}

int64_t held_mremap(uintptr_t address, size_t old_length, size_t new_length, int flags, uintptr_t new_address) {
  auto call = [&](int with) { return answer(syscall(SYS_mremap, address, old_length, new_length, with, new_address)); };
  size_t before = round_up(old_length), after = round_up(new_length);
  bool sound = address % page_size() == 0 && is_range(address, after) && before >= old_length && address + before >= address &&
               (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) == 0;
  if (!sound) return call(flags);
  bool placed = (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0;
  bool in_place = !placed && after <= before;
  std::vector<HeldRange> held = held_in(address, address + std::max(before, page_size()));
  if (!held.empty() && !in_place) {
    bool wrong_place = placed && ((flags & MREMAP_MAYMOVE) == 0 || new_address % page_size() != 0 ||
                                  ((flags & MREMAP_DONTUNMAP) != 0 && before != after) ||
                                  (address + before > new_address && new_address + after > address));
    if (wrong_place) return call(flags);
    const HeldRange& first = held.front();
    if (first.start == address) {
      bool fixed_size = (first.set & (kVmDontExpand | kVmPfnmap)) != 0;
      if (fixed_size && (flags & MREMAP_DONTUNMAP)) return -EINVAL;
      if (std::min(before, after) > first.end - address && before != after) return -EFAULT;
      if (fixed_size && after > before) return -EFAULT;
      if (!placed && before > 0 && (first.set & kVmSpecial) != 0) return -ENOMEM;
    }
    // Whoever serves these pages serves them here: as a driver whose `mremap` operation refuses.
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

int held_madvise(uintptr_t address, size_t length, int advice) {
  auto call = [&](uintptr_t start, uintptr_t end) { return static_cast<int>(answer(madvise(at(start), end - start, advice))); };
  if (!is_range(address, length)) return static_cast<int>(answer(madvise(at(address), length, advice)));
  uintptr_t end = address + round_up(length), done = address;
  int result = 0;
  for (const HeldRange& range : held_in(address, end)) {
    Treatment treatment = treatment_of(range, advice);
    if (treatment.how == Advised::kAsEver) continue;
    // A hole before it is passed over and told in the end, save where pages are populated.
    if (range.start > done) result = call(done, range.start);
    if (result != 0 && (result != -ENOMEM || advice == kPopulateRead || advice == kPopulateWrite)) return result;
    if (treatment.how == Advised::kRefused) return treatment.error;
    // A system call can't wait for a page that the guard serves, and an access can.
    if (treatment.how == Advised::kTouched) {
      bool write = advice == kPopulateWrite;
      if (!is_allowed(range.start, range.end, write)) return -EINVAL;
      if (!touch_pages(range.start, range.end, write)) return -EFAULT;
    }
    done = range.end;
  }
  if (done == end) return result;
  int last = call(done, end);
  return last != 0 ? last : result;
}

int64_t held_process_madvise(int process, uintptr_t address, size_t length, int advice) {
  struct iovec part = {at(address), length};
  auto call = [&] { return answer(syscall(SYS_process_madvise, process, &part, 1, advice, 0)); };
  if (held_ranges.load() == 0 || !is_range(address, length) || !is_this_process(process)) return call();
  for (const HeldRange& range : held_in(address, address + round_up(length))) {
    Treatment treatment = treatment_of(range, advice);
    if (treatment.how == Advised::kAsEver) continue;
    // An element whose advice fails counts for nothing, whatever of it was advised.
    int result = held_madvise(address, length, advice);
    return result != 0 ? result : static_cast<int64_t>(length);
  }
  return call();
}

int held_mlock2(ThreadState* state, uintptr_t address, size_t length, int flags) {
  auto lock_part = [&](uintptr_t start, size_t bytes) {
    LayoutWriter writer(&state->holds);
    if (writer.error != 0) return writer.error;
    // mlock2 is younger than mlock, and with no flags the same.
    return static_cast<int>(answer(flags == 0 ? syscall(SYS_mlock, start, bytes) : syscall(SYS_mlock2, start, bytes, flags)));
  };
  uintptr_t start = address & ~(static_cast<uintptr_t>(page_size()) - 1);
  size_t whole = round_up(length + (address - start));
  if (whole < length || start + whole < start || (flags & ~MLOCK_ONFAULT) != 0) return lock_part(address, length);
  std::vector<HeldRange> held = held_in(start, start + whole);
  if (held.empty()) return lock_part(address, length);
  int result = lock_part(start, 0);  // whether this process may lock at all
  if (result != 0) return result;
  // Pages come first and without the layout lock: whoever serves them may want it. ONFAULT is a flag of the area's, which a special one is
  // not given.
  bool special_there = true;
  for (const HeldRange& range : held) {
    bool special = (range.set & kVmSpecial) != 0;
    if ((!special && (flags & MLOCK_ONFAULT) != 0) || (range.set & (kVmIo | kVmPfnmap)) != 0) continue;
    if (access_waits_for_itself(state, range.start, range.end - range.start, false)) return -EDEADLK;
    if (!touch_pages(range.start, range.end, false) && special) special_there = false;
  }
  // The kernel marks all areas up to a hole, and prefaults only then: what fails for a page that can't be had has been marked.
  uintptr_t done = start;
  auto lock_up_to = [&](uintptr_t end) {
    if (done >= end) return true;
    int answered = lock_part(done, end - done);
    bool marked = answered == 0 || ((answered == -ENOMEM || answered == -EAGAIN) && msync(at(done), end - done, 0) == 0);
    if (result == 0 || !marked) result = answered;
    return marked;
  };
  for (const HeldRange& range : held) {
    if ((range.set & kVmSpecial) == 0) continue;
    if (!lock_up_to(range.start)) return result;
    done = range.end;
  }
  if (!lock_up_to(start + whole)) return result;
  return result == 0 && !special_there ? -ENOMEM : result;
}

int held_mlockall(int flags) {
  int result = static_cast<int>(answer(syscall(SYS_mlockall, flags)));
  if (result != 0) return result;
  for (const HeldRange& range : held_in(0, UINTPTR_MAX))
    if (range.set & kVmSpecial) munlock(at(range.start), range.end - range.start);
  return 0;
}

}  // namespace vmarea
