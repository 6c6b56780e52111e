#pragma once

#include "page/guarded-copy.h"
#include "page/page-size.h"

namespace vmarea {

// Touches each page of [start, end) as the program would. False at the first that faults.
inline bool touch_pages(uintptr_t start, uintptr_t end, bool write) {
  for (uintptr_t page = start; page < end; page += page_size())
    if (!guarded_touch(page, write)) return false;
  return true;
}

}  // namespace vmarea
