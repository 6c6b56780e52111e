#include "calls/region-work.h"

#include <sys/mman.h>

#include "addon/answer.h"
#include "guard/containment.h"
#include "calls/emulated-calls.h"
#include "region/region-table.h"
#include "guard/uncovered-copy.h"

namespace vmarea {
void do_region_work(RegionWork* work) {
  switch (work->kind) {
    case WorkKind::kSync:
      work->error = static_cast<int>(answer(msync(at(work->memory), work->length, work->argument)));
      return;
    case WorkKind::kAdvise:
      work->error = emulated_madvise(work->memory, work->length, work->argument);
      return;
    case WorkKind::kRead:
      work->done = uncovered_copy(work->bytes, at(work->memory), work->length, work->memory, &work->fault);
      break;
    case WorkKind::kWrite:
      work->done = uncovered_copy(at(work->memory), work->bytes, work->length, work->memory, &work->fault);
      break;
  }
  if (work->done == work->length) return;
  tell_read_only(&work->fault);
  work->error = -EFAULT;
}

}  // namespace vmarea
