#include "guests/environment.h"

#include <sys/mman.h>

namespace vmarea::guests {

SlotMemory::~SlotMemory() { munmap(bytes, length); }

void tell(Listener* listener, Report kind, double about, double one, double other) {
  std::lock_guard<std::mutex> lock(listener->mutex);
  if (listener->function == nullptr) return;
  listener->records.insert(listener->records.end(), {static_cast<double>(static_cast<int>(kind)), about, one, other});
  if (listener->called) return;
  listener->called = napi_call_threadsafe_function(listener->function, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void report(const Guest& guest, Report kind, double one, double other) {
  if (guest.listener != nullptr) tell(guest.listener, kind, guest.number, one, other);
}

}  // namespace vmarea::guests
