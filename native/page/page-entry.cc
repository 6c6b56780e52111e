#include "page/page-entry.h"

#include <fcntl.h>
#include <unistd.h>

namespace vmarea {

uint64_t page_entry(uintptr_t address) {
  int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) return 0;
  uint64_t entry = 0;
  off_t place = static_cast<off_t>(address / static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)) * sizeof entry);
  if (pread(pagemap, &entry, sizeof entry, place) != sizeof entry) entry = 0;
  close(pagemap);
  return entry;
}

}  // namespace vmarea
