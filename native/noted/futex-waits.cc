#include "noted/futex-waits.h"

#include <errno.h>

#include <map>

#include "addon/futex.h"
#include "page/table-lock.h"

namespace vmarea {
namespace {

// By key. There are few: each has a thread. Never destroyed: threads use it until the process is gone.
std::map<double, FutexWait*>& waits_locked() {
  static std::map<double, FutexWait*>* waits = new std::map<double, FutexWait*>;
  return *waits;
}

double last_key = 0;

void end_locked(FutexWait* wait, int error) {
  uint32_t none = 0;
  if (wait->end.compare_exchange_strong(none, static_cast<uint32_t>(error))) futex_wake(&wait->end, 1);
}

int sleep(FutexWait* wait) {
  for (;;) {
    uint32_t end = wait->end.load();
    if (end != 0) return -static_cast<int>(end);
    int answer = shared_futex_wait(wait->word, wait->expected, &wait->end, wait->deadline);
    if (wait->end.load() != 0) continue;
    // The caller has seen the expected value: another one is a change since.
    if (answer == 0 || answer == -EAGAIN) return 0;
    if (answer == -ETIMEDOUT) return kTimeIsUp;
    if (answer != -EINTR) return answer;
  }
}

}  // namespace

double begin_futex_wait(FutexWait* wait) {
  TableLock lock;
  waits_locked().emplace(++last_key, wait);
  return last_key;
}

int finish_futex_wait(double key, FutexWait* wait) {
  int answer = sleep(wait);
  TableLock lock;
  waits_locked().erase(key);
  return answer;
}

void end_futex_wait(double key, int error) {
  TableLock lock;
  auto wait = waits_locked().find(key);
  if (wait != waits_locked().end()) end_locked(wait->second, error);
}

void end_futex_waits_of(const ThreadState* state) {
  TableLock lock;
  for (auto& [key, wait] : waits_locked())
    if (wait->state == state) end_locked(wait, ECANCELED);
}

void end_futex_waits_in_locked(uintptr_t start, size_t length) {
  for (auto& [key, wait] : waits_locked())
    if (wait->word >= start && wait->word - start < length) end_locked(wait, ENXIO);
}

}  // namespace vmarea
