// The kernel's record of the area at an address of this process. Safe in a signal handler; it never waits for a page.
#pragma once

#include <cstdint>

namespace vmarea {

struct AreaAt {
  uintptr_t start, end;
  int protection;  // PROT_*
  bool shared;     // MAP_SHARED
};

// False where no area contains the address, or /proc can't be read.
bool area_at(uintptr_t address, AreaAt* area);

}  // namespace vmarea
