// The flags that the library holds for a region (noted/emulated-flags.h).
#include "addon/function-tables.h"
#include "noted/emulated-flags.h"
#include "addon/layout-lock.h"
#include "region/region-call.h"

namespace vmarea {
namespace {

// Adds VM flags to those that are held for a part: flags to set, and MAY flags to clear.
int hold_flags(ThreadState* state, RegionPart part, uint64_t set, uint64_t cleared) {
  size_t page = part.region->page;
  bool sound = (part.start - part.region->start) % page == 0 && part.length % page == 0;
  if (!sound || ((set | cleared) & kEmulatedWatched) != 0) return -EINVAL;
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  // mlockall(MCL_FUTURE) locks each new area; the kernel undoes that for an area that becomes special.
  if ((set & kVmSpecial) != 0) munlock(at(part.start), part.length);
  TableLock lock;
  hold_flags_locked(part.start, part.start + part.length, set, cleared);
  return 0;
}

// The flags that are held at an address: 1 with the set and the cleared ones in results, or 0.
int emulated_flags_at(ThreadState* state, uint64_t address) {
  if (emulated_ranges.load() == 0) return 0;
  TableLock lock;
  EmulatedRange range = emulated_at_locked(address);
  if (range.start == range.end) return 0;
  state->shared_results.results[0] = static_cast<double>(range.set & ~kEmulatedWatched);
  state->shared_results.results[1] = static_cast<double>(range.cleared);
  return 1;
}

constexpr Function kFunctions[] = {
    {"holdFlags", callback<hold_flags>},
    {"emulatedFlagsAt", callback<emulated_flags_at>},
};

}  // namespace

const FunctionTable kRegionFlags(kFunctions);

}  // namespace vmarea
