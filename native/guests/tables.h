// What JavaScript knows guests, files and scripts by: numbers.
#pragma once

#include <memory>

#include "addon/callback.h"
#include "guests/environment.h"
#include "guests/guest.h"

namespace vmarea::guests {

// A number that was never given before.
uint32_t add_to_table(GuestPointer guest);
uint32_t add_to_table(std::shared_ptr<const MappedFile> file);
uint32_t add_to_table(Script* script);
// nullptr where no entry has the number.
GuestPointer guest_of(double number);
std::shared_ptr<const MappedFile> file_of(double number);
Script* script_of(double number);
std::vector<Script*> scripts_of(const Listener* listener);
void forget_guest(double number);
void forget_file(double number);

// The listener of this thread, or nullptr.
Listener* listener_of(ThreadState* state);

struct GivenGuest {
  GuestPointer guest;
};
inline void take(Call& call, GivenGuest* given) {
  given->guest = guest_of(call.number(call.next()));
  if (given->guest == nullptr) call.refuse(-ESRCH);
}

}  // namespace vmarea::guests
