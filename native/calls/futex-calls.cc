// Waiting for a word of a region that other threads and processes map too, and waking those that do: futex(2).
#include <errno.h>
#include <limits.h>

#include "addon/function-tables.h"
#include "addon/futex.h"
#include "noted/futex-waits.h"
#include "region/region-call.h"

namespace vmarea {
namespace {

// A Worker that is to end must not sleep for longer: nothing else tells its thread.
constexpr uint64_t kPatience = 100'000'000;

// Sleeps until the word has another value or is notified. Returns 0, kTimeIsUp or a negative error number: -ECANCELED where the thread is to
// end. Between two naps the word is not watched, so that a notification without a change may pass, as it may before a wait begins.
int wait_region(ThreadState* state, RegionWord word, double expected, double milliseconds) {
  const uint64_t deadline = deadline_after(milliseconds);
  const uint32_t value = static_cast<uint32_t>(static_cast<int64_t>(expected));
  for (;;) {
    const uint64_t nap = monotonic_time() + kPatience;
    int answer = shared_futex_wait(word.address, value, nullptr, nap < deadline ? nap : deadline);
    if (answer == 0 || answer == -EAGAIN) return 0;
    if (answer != -ETIMEDOUT && answer != -EINTR) return answer;
    if (is_ending(state)) return -ECANCELED;
    if (monotonic_time() >= deadline) return kTimeIsUp;
  }
}

// Wakes so many at most. Returns how many.
int notify_region(RegionWord word, double count) {
  if (!(count >= 1)) return 0;
  return shared_futex_wake(word.address, count < INT_MAX ? static_cast<int>(count) : INT_MAX);
}

int end_wait(double key) {
  end_futex_wait(key, ECANCELED);
  return 0;
}

constexpr Function kFunctions[] = {
    {"waitRegion", callback<wait_region>},
    {"notifyRegion", callback<notify_region>},
    {"endWait", callback<end_wait>},
};

}  // namespace

const FunctionTable kFutexCalls(kFunctions);

}  // namespace vmarea
