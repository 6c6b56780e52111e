#include "present-memory.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guarded-copy.h"
#include "userfaultfd.h"

namespace vmarea {
namespace {

// struct procmap_query of <linux/fs.h>, since Linux 6.11.
struct AreaQuery {
  uint64_t size, query_flags, query_address;
  uint64_t start, end, flags, page_size, offset, inode;
  uint32_t device_major, device_minor, name_size, build_id_size;
  uint64_t name_address, build_id_address;
};
static_assert(sizeof(AreaQuery) == 104, "the kernel's structure is 104 bytes");

constexpr unsigned long kProcmapQuery = 0xc0686611;
constexpr uint64_t kReadable = 1, kWritable = 2;

}  // namespace

// A read of /proc/self/mem fails with EIO where an access would wait for a userfaultfd.
size_t copy_present(void* target, uintptr_t address, size_t length) {
  int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (memory < 0) return 0;
  ssize_t done = pread(memory, target, length, static_cast<off_t>(address));
  close(memory);
  return done < 0 ? 0 : static_cast<size_t>(done);
}

bool is_read_only(uintptr_t address) {
  // Where nobody serves faults, an access tells best.
  if (userfaultfd_contexts.load() == 0) return guarded_touch(address, false);
  AreaQuery query = {};
  query.size = sizeof query;
  query.query_address = address;
  int areas = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  bool known = areas >= 0 && ioctl(areas, kProcmapQuery, &query) == 0;
  if (areas >= 0) close(areas);
  if (known) return (query.flags & (kReadable | kWritable)) == kReadable;
  uint8_t byte;
  return copy_present(&byte, address, 1) == 1 && guarded_touch(address, false);
}

}  // namespace vmarea
