// Accesses that would wait for themselves: their fault could only be answered by the accessing thread.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "page/page-entry.h"
#include "page/page-size.h"
#include "userfaultfd/userfaultfd-context.h"
#include "userfaultfd/userfaultfd-interface.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

using namespace uffd;

namespace {

// Whether this thread alone could answer a fault. The deadline thread would end the wait, but the serving thread would serve nothing
// until then.
bool only_answered_by_locked(const Context* context, const ThreadState* state) {
  if ((context->features & kFeatureSigbus) != 0 || context->sent) return false;
  bool readers = false;
  for (const Handle* handle : context->handles) {
    if (handle->reads && handle->owner != state) return false;
    readers |= handle->reads;
  }
  if (readers) return true;
  if (context->deadline > 0) return false;
  if (context->exposed || !context->loose.empty()) return false;
  return std::all_of(context->handles.begin(), context->handles.end(), [=](const Handle* handle) { return handle->owner == state; });
}

// Whether an access to these pages of the range would raise a fault for the userfaultfd.
bool would_fault(uintptr_t start, uintptr_t end, uint64_t mode, bool write) {
  const size_t page = page_size();
  int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) return false;
  bool result = false;
  for (uintptr_t address = start & ~(page - 1); address < end && !result; address += page) {
    uint64_t entry = 0;
    if (pread(pagemap, &entry, sizeof entry, static_cast<off_t>(address / page * sizeof entry)) != sizeof entry) break;
    const bool marked = is_protection_mark(entry);
    if ((entry & (kPagePresent | kPageSwapped)) != 0) {
      result = write && (mode & kModeWp) != 0 && (entry & kPageProtected) != 0;
      // A missing page that is protected looks as a protected page in the swap area does: count both as missing.
      if (result || !marked) continue;
    }
    uint8_t cached = 0;
    mincore(reinterpret_cast<void*>(address), page, &cached);
    result = (cached & 1) != 0 ? (mode & kModeMinor) != 0 : (mode & kModeMissing) != 0;
  }
  close(pagemap);
  return result;
}

}  // namespace

std::atomic<size_t> userfaultfd_contexts{0};

bool access_waits_on_contexts(ThreadState* state, uintptr_t start, size_t length, bool write) {
  std::vector<Range> suspects;
  {
    Lock lock(mutex());
    for (const Context* context : contexts()) {
      if (!context->own_memory) continue;
      auto range = std::upper_bound(context->ranges.begin(), context->ranges.end(), start,
                                    [](uintptr_t address, const Range& other) { return address < other.end; });
      if (range == context->ranges.end() || range->start >= start + length) continue;
      if (!only_answered_by_locked(context, state)) continue;
      // With it the kernel lets writes through itself.
      const uint64_t modes = (context->features & kFeatureWpAsync) != 0 ? ~kModeWp : ~uint64_t{0};
      for (; range != context->ranges.end() && range->start < start + length; ++range)
        suspects.push_back({std::max(range->start, start), std::min(range->end, start + length), range->mode & modes});
    }
  }
  for (const Range& range : suspects)
    if (would_fault(range.start, range.end, range.mode, write)) return true;
  return false;
}

std::vector<UffdPart> registered_parts(uintptr_t start, uintptr_t end) {
  std::vector<UffdPart> parts;
  if (userfaultfd_contexts.load(std::memory_order_relaxed) == 0) return parts;
  Lock lock(mutex());
  for (const Context* context : contexts()) {
    if (!context->own_memory) continue;
    for (const Range& range : context->ranges)
      if (range.start < end && range.end > start) parts.push_back({std::max(range.start, start), std::min(range.end, end)});
  }
  std::sort(parts.begin(), parts.end(), [](const UffdPart& one, const UffdPart& other) { return one.start < other.start; });
  return parts;
}

}  // namespace vmarea
