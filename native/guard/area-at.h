// What the kernel says of the area at an address of this process. Safe in a signal handler; it never waits for a page.
#pragma once

#include <cstdint>

namespace vmarea {

struct AreaAt {
  uintptr_t start, end;
  int protection;  // PROT_*
  bool shared;     // MAP_SHARED
};

// False where no area is there, or /proc can not be read.
bool area_at(uintptr_t address, AreaAt* area);

}  // namespace vmarea
