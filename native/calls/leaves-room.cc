#include "calls/leaves-room.h"

#include <cstdint>

#include "lifetime/address-root.h"
#include "page/table-lock.h"
#include "region/area-room.h"

namespace vmarea {
namespace {

bool has_area_room() {
  TableLock lock;
  return has_area_room_locked();
}

}  // namespace

bool leaves_room(ThreadState* state) {
  if (has_area_room()) return true;
  constexpr int64_t kPressure = int64_t{4} << 30;  // beyond any limit of external memory, so that the engine collects at once
  int64_t now;
  napi_adjust_external_memory(state->env, kPressure, &now);
  napi_adjust_external_memory(state->env, -kPressure, &now);
  give_back_deferred(state);
  return has_area_room();
}

}  // namespace vmarea
