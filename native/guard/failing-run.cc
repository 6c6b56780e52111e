#include "guard/failing-run.h"

#include <errno.h>
#include <sys/mman.h>

#include <algorithm>

#include "guard/noted-faults.h"
#include "noted/watched-memory.h"
#include "page/newer-kernel.h"
#include "page/page-size.h"
#include "region/cover-table.h"
#include "region/region-table.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {
namespace {

// The pages of a run, and the faults in order before the first one.
constexpr size_t kPages = 512;

// Faults past the end of a file that came in order, each where the run of the one before it ends.
struct {
  uintptr_t end;
  size_t count;
} in_order;

// Asks the kernel, which takes a tenth of the time of a signal. Before Linux 5.14 the answer is no.
bool fails(uintptr_t page) { return madvise(at(page), page_size(), MADV_POPULATE_READ) != 0 && errno == EFAULT; }

}  // namespace

uintptr_t end_of_run_locked(const Region* region, uintptr_t start, const Fault& fault) {
  uintptr_t end = start + region->page;
  if (fault.reason != kPastEnd || region->page > page_size()) return end;
  in_order.count = start == in_order.end ? in_order.count + 1 : 1;
  bool alone = count_threads_locked() == 1 && userfaultfd_contexts.load() == 0 && !is_watched_locked(start);
  if (in_order.count >= kPages && region->file < 0 && alone) {
    uintptr_t most = std::min(region->end, start + kPages * region->page);
    const Cover* next = first_cover_locked(start, most);
    if (next != nullptr) most = next->start;
    while (end < most && fails(end)) end += region->page;
  }
  in_order.end = end;
  return end;
}

}  // namespace vmarea
