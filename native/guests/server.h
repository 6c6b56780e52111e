// The thread that serves all guests of this process.
#pragma once

#include <functional>
#include <vector>

#include "guests/guest.h"

namespace vmarea::guests {

// Starts the thread where there is none. Returns 0 or a negative error number.
int start_server();

// Runs it on the server thread, after what was given before.
void run_on_server(std::function<void()> run);

// These run on the server thread.
int add_guest(const GuestPointer& guest);
int begin_serving(const GuestPointer& guest);
// Stops serving and applies `on_failure`. With poison, pages that the guest gives back later are poisoned as long as the monitor lives.
void leave_guest(const GuestPointer& guest);

// The thread of JavaScript is gone, and with it its sources and what it decided. Waits for nothing.
void end_listener(struct Listener* listener);

}  // namespace vmarea::guests
