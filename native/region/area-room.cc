#include "region/area-room.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "region/count-areas.h"

namespace vmarea {
namespace {

// The part of the limit that stays free for others: 1023 of the usual 65530 areas.
constexpr int64_t kPartForOthers = 64;
// A mapping, or a change of the permissions of a part, adds at most so many areas.
constexpr int64_t kMostForACall = 4;
// A process that is this far below its limit when it starts needs no count before.
constexpr int64_t kCallsBeforeFirstCount = 256;
// Near the limit a count is made every so many calls: it reads a line for each area.
constexpr int64_t kFewestCalls = 16;

int64_t calls_before_count = kCallsBeforeFirstCount;

// 0 where /proc does not tell.
int64_t limit_of_areas() {
  int descriptor = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  char text[32] = {};
  ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  return length > 0 ? atoll(text) : 0;
}

}  // namespace

bool has_area_room_locked() {
  if (--calls_before_count > 0) return true;
  int64_t limit = limit_of_areas(), areas = count_areas();
  int64_t room = limit - limit / kPartForOthers - areas;
  bool known = limit > 0 && areas > 0;
  if (known && room <= 0) return false;  // counts again at the next call
  calls_before_count = known ? std::max(kFewestCalls, room / (2 * kMostForACall)) : kCallsBeforeFirstCount;
  return true;
}

}  // namespace vmarea
