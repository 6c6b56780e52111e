#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "addon/answer.h"
#include "calls/emulated-calls.h"
#include "guard/area-at.h"
#include "guard/shown-pages.h"
#include "noted/emulated-flags.h"
#include "page/newer-kernel.h"
#include "page/page-size.h"
#include "region/region-table.h"
#include "page/touch-pages.h"
#include "noted/watched-memory.h"

namespace vmarea {
namespace {

// How the kernel would treat an advice on an area with the held flags, where that differs from the area without them.
enum class Advised { kAsEver, kIgnored, kTouched, kRefused };
struct Treatment {
  Advised how;
  int error;
};

constexpr Treatment kAsEver = {Advised::kAsEver, 0}, kInvalid = {Advised::kRefused, -EINVAL};

// madvise_vma_behavior of Linux 6.18. Later kernels refuse DOFORK to all of VM_SPECIAL.
Treatment treatment_of(const EmulatedRange& range, int advice) {
  // The markers there belong to the guard.
  if ((range.set & kEmulatedWatched) != 0 && (advice == MADV_GUARD_INSTALL || advice == MADV_GUARD_REMOVE)) return kInvalid;
  bool special = (range.set & kVmSpecial) != 0;
  bool pfnmap = (range.set & kVmPfnmap) != 0;
  switch (advice) {
    case MADV_DOFORK:
      return range.set & kVmIo ? kInvalid : kAsEver;
    case MADV_DODUMP:
    case MADV_GUARD_INSTALL:
    case MADV_GUARD_REMOVE:
    case MADV_COLLAPSE:
      return special ? kInvalid : kAsEver;
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
    case MADV_FREE:
    case MADV_COLD:
    case MADV_PAGEOUT:
      return pfnmap ? kInvalid : kAsEver;
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
      if (range.set & (kVmIo | kVmPfnmap)) return kInvalid;
      return range.set & kEmulatedWatched ? Treatment{Advised::kTouched, 0} : kAsEver;
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
      return special ? Treatment{Advised::kIgnored, 0} : kAsEver;
    case MADV_REMOVE:
      if ((range.cleared & kVmMayWrite) == 0) {
        // No page of a hole in the file would be hidden again: answer as a file system without holes.
        return range.set & kEmulatedWatched ? Treatment{Advised::kRefused, -EOPNOTSUPP} : kAsEver;
      }
      // The kernel refuses locked memory first: an advice that has no other effect tests for it.
      if (madvise(at(range.start), page_size(), MADV_COLD) != 0 && errno == EINVAL) return kInvalid;
      return {Advised::kRefused, -EACCES};
    default:
      return kAsEver;
  }
}

bool is_populate(int advice) { return advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE; }

// A kernel before Linux 5.14 refuses the advice. It checks the advice before the length, and does nothing for a length of 0.
bool is_unknown_populate(int advice) { return is_populate(advice) && madvise(nullptr, 0, advice) != 0; }

// madvise_populate: checks and then fills one area after the other.
int populate_by_touching(uintptr_t start, uintptr_t end, bool write) {
  while (start < end) {
    AreaAt area;
    if (!area_at(start, &area)) return -ENOMEM;
    if ((area.protection & (write ? PROT_WRITE : PROT_READ)) == 0) return -EINVAL;
    uintptr_t upto = area.end < end ? area.end : end;
    if (!touch_pages(start, upto, write)) return -EFAULT;
    start = upto;
  }
  return 0;
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

int emulated_madvise(uintptr_t address, size_t length, int advice) {
  auto call = [&](uintptr_t start, uintptr_t end) {
    int result = static_cast<int>(answer(madvise(at(start), end - start, advice)));
    if (result == -EINVAL && is_unknown_populate(advice)) return populate_by_touching(start, end, advice == MADV_POPULATE_WRITE);
    return result == 0 && is_zap(advice) ? hide_zapped_pages(start, end) : result;
  };
  if (!is_range(address, length)) return static_cast<int>(answer(madvise(at(address), length, advice)));
  uintptr_t end = address + whole_pages(length), done = address;
  int result = 0;
  for (const EmulatedRange& range : emulated_in(address, end)) {
    Treatment treatment = treatment_of(range, advice);
    if (treatment.how == Advised::kAsEver) continue;
    // Skip a hole before it and report it at the end, except where pages are populated.
    if (range.start > done) result = call(done, range.start);
    if (result != 0 && (result != -ENOMEM || is_populate(advice))) return result;
    if (treatment.how == Advised::kRefused) return treatment.error;
    // A system call can't wait for a page that the guard serves, but an access can.
    if (treatment.how == Advised::kTouched) {
      bool write = advice == MADV_POPULATE_WRITE;
      if (!is_allowed(range.start, range.end, write)) return -EINVAL;
      if (!touch_pages(range.start, range.end, write)) return -EFAULT;
    }
    done = range.end;
  }
  if (done == end) return result;
  int last = call(done, end);
  return last != 0 ? last : result;
}

int64_t emulated_process_madvise(int process, uintptr_t address, size_t length, int advice) {
  struct iovec part = {at(address), length};
  auto call = [&] { return answer(syscall(SYS_process_madvise, process, &part, 1, advice, 0)); };
  if (emulated_ranges.load() == 0 || !is_range(address, length) || !is_this_process(process)) return call();
  for (const EmulatedRange& range : emulated_in(address, address + whole_pages(length))) {
    Treatment treatment = treatment_of(range, advice);
    if (treatment.how == Advised::kAsEver) continue;
    // An element whose advice fails counts 0 bytes, even if a part of it was advised.
    int result = emulated_madvise(address, length, advice);
    return result != 0 ? result : static_cast<int64_t>(length);
  }
  return call();
}

}  // namespace vmarea
