#include "guard/guard-keeper.h"

#include <time.h>

#include <atomic>

#include "guard/guard.h"
#include "addon/own-thread.h"

namespace vmarea {
namespace {

std::atomic<bool> main_listens{false}, looking{false};

void* look(void*) {
  const timespec second = {1, 0};
  while (!main_listens.load()) {
    nanosleep(&second, nullptr);
    guard_install();
  }
  looking.store(false);
  return nullptr;
}

}  // namespace

int keep_guard_in_front() {
  if (main_listens.load() || looking.exchange(true)) return 0;
  int error = start_own_thread("vmarea-guard", look, nullptr);
  if (error != 0) looking.store(false);
  return error;
}

void main_thread_listens() { main_listens.store(true); }

}  // namespace vmarea
