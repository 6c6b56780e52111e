#include "guard/area-at.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

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
constexpr uint64_t kReadable = 1, kWritable = 2, kExecutable = 4, kShared = 8;

// Reads lines of /proc/PID/maps: `start-end rwxp …`.
class AreaLines {
 public:
  explicit AreaLines(int descriptor) : descriptor_(descriptor) {}

  bool find(uintptr_t address, AreaAt* area) {
    for (;;) {
      area->start = hex('-');
      area->end = hex(' ');
      if (ended_ || area->start > address) return false;
      char flags[4];
      for (char& flag : flags) flag = next();
      while (!ended_ && next() != '\n') continue;
      if (address >= area->end) continue;
      area->protection = (flags[0] == 'r' ? PROT_READ : 0) | (flags[1] == 'w' ? PROT_WRITE : 0) | (flags[2] == 'x' ? PROT_EXEC : 0);
      area->shared = flags[3] == 's';
      return true;
    }
  }

 private:
  char next() {
    if (position_ == length_) {
      ssize_t length = read(descriptor_, text_, sizeof text_);
      if (length <= 0) {
        ended_ = true;
        return 0;
      }
      length_ = static_cast<size_t>(length);
      position_ = 0;
    }
    return text_[position_++];
  }

  uintptr_t hex(char delimiter) {
    uintptr_t value = 0;
    for (char digit = next(); !ended_ && digit != delimiter; digit = next())
      value = value << 4 | static_cast<uintptr_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    return value;
  }

  int descriptor_;
  bool ended_ = false;
  size_t position_ = 0, length_ = 0;
  char text_[4096];
};

}  // namespace

bool area_at(uintptr_t address, AreaAt* area) {
  int areas = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (areas < 0) return false;
  AreaQuery query = {};
  query.size = sizeof query;
  query.query_address = address;
  bool known = ioctl(areas, kProcmapQuery, &query) == 0;
  if (known) {
    *area = {query.start, query.end,
             (query.flags & kReadable ? PROT_READ : 0) | (query.flags & kWritable ? PROT_WRITE : 0) |
                 (query.flags & kExecutable ? PROT_EXEC : 0),
             (query.flags & kShared) != 0};
  } else {
    known = AreaLines(areas).find(address, area);
  }
  close(areas);
  return known;
}

}  // namespace vmarea
