#include "guard/present-memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/area-at.h"
#include "page/guarded-copy.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

// A read of /proc/self/mem fails with EIO where an access would wait for a userfaultfd.
size_t copy_present(void* target, uintptr_t address, size_t length) {
  int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (memory < 0) return 0;
  ssize_t done = pread(memory, target, length, static_cast<off_t>(address));
  close(memory);
  return done < 0 ? 0 : static_cast<size_t>(done);
}

// The kernel lets /proc/self/mem write where the permission of private memory does not, as debuggers do.
size_t write_hidden(uintptr_t address, const void* bytes, size_t length) {
  int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (memory < 0) return 0;
  ssize_t done = pwrite(memory, bytes, length, static_cast<off_t>(address));
  close(memory);
  return done < 0 ? 0 : static_cast<size_t>(done);
}

bool is_read_only(uintptr_t address) {
  // Without a userfaultfd in the process, an access is the best test.
  if (userfaultfd_contexts.load() == 0) return guarded_touch(address, false);
  AreaAt area;
  if (area_at(address, &area)) return (area.protection & (PROT_READ | PROT_WRITE)) == PROT_READ;
  uint8_t byte;
  return copy_present(&byte, address, 1) == 1 && guarded_touch(address, false);
}

}  // namespace vmarea
