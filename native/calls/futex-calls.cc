// Waiting for a word of a region that other threads and processes map too, and waking those that do: futex(2).
#include <errno.h>
#include <limits.h>

#include "addon/function-tables.h"
#include "addon/futex.h"
#include "noted/futex-waits.h"
#include "region/region-call.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {
namespace {

// A Worker that is to end must not sleep for longer: nothing else tells its thread.
constexpr uint64_t kPatience = 100'000'000;

// What a wait answers beside 0 and kTimeIsUp.
constexpr int kNotEqual = 3;

// Whether the word must be read first, for an error that only a read finds: a fault that was contained earlier, or one that this thread
// would have to answer. The kernel brings in the page of any other word by itself.
bool must_be_read(ThreadState* state, RegionWord word) {
  return word.region->unsettled || access_waits_for_itself(state, word.address, sizeof(uint32_t), false);
}

// Sleeps until the word has another value or is notified. Returns 0, kTimeIsUp, kNotEqual where it had another value before, or a negative
// error number: -EFAULT where a read says more, -ECANCELED where the thread is to end. Between two naps the word is not watched, so that a
// notification without a change may pass, as it may before a wait begins.
int wait_region(ThreadState* state, RegionWord word, double expected, double milliseconds) {
  if (must_be_read(state, word)) return -EFAULT;
  const uint64_t deadline = deadline_after(milliseconds);
  const uint32_t value = static_cast<uint32_t>(static_cast<int64_t>(expected));
  for (bool first = true;; first = false) {
    const uint64_t nap = monotonic_time() + kPatience;
    int answer = shared_futex_wait(word.address, value, nullptr, nap < deadline ? nap : deadline);
    if (answer == 0) return 0;
    if (answer == -EAGAIN) return first ? kNotEqual : 0;
    if (answer != -ETIMEDOUT && answer != -EINTR) return answer;
    if (is_ending(state)) return -ECANCELED;
    if (monotonic_time() >= deadline) return kTimeIsUp;
  }
}

// Wakes so many at most. Returns how many, or -EFAULT where a read says more.
int notify_region(ThreadState* state, RegionWord word, double count) {
  if (must_be_read(state, word)) return -EFAULT;
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
