#include "guard/place.h"

#include <sys/mman.h>

#include "page/page-size.h"
#include "region/region-table.h"

namespace vmarea {

void* new_memory(size_t length, int protection) { return mmap(nullptr, length, protection, kNothing, -1, 0); }

uintptr_t new_place(size_t length, size_t alignment) {
  size_t slack = alignment - page_size();
  void* memory = new_memory(length + slack + 2 * page_size(), PROT_NONE);
  if (memory == MAP_FAILED) return 0;
  uintptr_t first = reinterpret_cast<uintptr_t>(memory);
  uintptr_t place = (first + page_size() + slack) & ~(static_cast<uintptr_t>(alignment) - 1);
  uintptr_t end = first + length + slack + 2 * page_size();
  if (place - page_size() > first) munmap(memory, place - page_size() - first);
  if (end > place + length + page_size()) munmap(at(place + length + page_size()), end - place - length - page_size());
  return place;
}

void delete_margins(uintptr_t place, size_t length) {
  munmap(at(place - page_size()), page_size());
  munmap(at(place + length), page_size());
}

void delete_place(uintptr_t place, size_t length) { munmap(at(place - page_size()), length + 2 * page_size()); }

}  // namespace vmarea
