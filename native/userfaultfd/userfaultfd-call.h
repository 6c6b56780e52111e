// Userfaultfds as parameters of the addon's functions: by handle, which is refused where it is stale.
#pragma once

#include <errno.h>

#include "addon/callback.h"
#include "userfaultfd/userfaultfd-handles.h"

namespace vmarea::uffd {

inline void take(Call& call, Handle** handle) {
  *handle = handle_of(call.state(), call.number(call.next()));
  if (*handle == nullptr) call.refuse(-EBADF);
}

// nullptr for a stale handle.
struct HandleIfAny {
  Handle* handle;
};
inline void take(Call& call, HandleIfAny* given) { given->handle = handle_of(call.state(), call.number(call.next())); }

// The outcome of resolving: bytes in results[0], the code in results[1].
struct Resolved {
  int code;
  int64_t done = 0;
};
inline napi_value give(Call& call, Resolved resolved) {
  call.state()->shared_results.results[0] = static_cast<double>(resolved.done);
  call.state()->shared_results.results[1] = resolved.code;
  return nullptr;
}

// How much of [start, start + length) from its start on is registered with this userfaultfd, as far as this process knows.
size_t own_part_locked(const Context* context, uintptr_t start, size_t length);

// Whether a part of the range is a device's area that this userfaultfd does not serve. The kernel accepts an answer from any userfaultfd
// and would put it in the file behind the area, against the driver's rules.
bool is_anothers_device(const Handle* handle, uintptr_t start, size_t length);

}  // namespace vmarea::uffd
