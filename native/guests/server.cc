#include "guests/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "addon/own-thread.h"
#include "guests/answers.h"
#include "guests/events.h"
#include "guests/requests.h"
#include "guests/tables.h"
#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd-context.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::guests {
namespace {

std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}
// Under the mutex.
std::vector<std::function<void()>>& given() {
  static auto* given = new std::vector<std::function<void()>>;
  return *given;
}
// The server thread's; under the mutex where its length changes, and at the end of the process.
std::vector<GuestPointer>& guests() {
  static auto* guests = new std::vector<GuestPointer>;
  return *guests;
}

int epoll = -1;
int bell = -1;  // an eventfd: something was given

// What an event is of: the number of a guest, and whether its process has ended.
constexpr uint64_t kBell = 0, kOfProcess = uint64_t{1} << 32;

// The server thread's: the same guests by number.
std::unordered_map<uint32_t, GuestPointer>& by_number() {
  static auto* by_number = new std::unordered_map<uint32_t, GuestPointer>;
  return *by_number;
}

// A userfaultfd is watched edge-triggered (EPOLLET), because `take_events` reads until it is empty. Level-triggered, the kernel would poll it
// once more for each fault.
int watch(int descriptor, uint64_t key, uint32_t events = EPOLLIN) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = key;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

void remove_guest(const GuestPointer& guest) {
  guest->mode = Guest::kGone;
  guest->over = true;
  abandon_requests(*guest);
  guest->waiting.clear();
  // The monitor and the keeper may hold the same open files, which epoll would go on telling of.
  epoll_ctl(epoll, EPOLL_CTL_DEL, guest->descriptor, nullptr);
  epoll_ctl(epoll, EPOLL_CTL_DEL, guest->pidfd, nullptr);
  close(guest->descriptor);
  close(guest->pidfd);
  if (guest->log >= 0) close(guest->log);
  {
    std::lock_guard<std::mutex> lock(mutex());
    guests().erase(std::find(guests().begin(), guests().end(), guest));
  }
  by_number().erase(guest->number);
  report(*guest, Report::kGone);
}

std::vector<uffd::Range> ranges_of(const Guest& guest) {
  std::vector<uffd::Range> ranges;
  for (const GuestRegion& region : guest.regions) ranges.push_back({region.start, region.start + region.length, uffd::kModeMissing | uffd::kModeWp});
  return ranges;
}

// Held while `on_failure` is applied, so that the process does not end in the middle.
std::mutex& leaving() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}

void apply_on_failure(const Guest& guest) {
  if (guest.on_failure == OnFailure::kKill) syscall(SYS_pidfd_send_signal, guest.pidfd, SIGKILL, nullptr, 0);
  if (guest.on_failure == OnFailure::kPoison) uffd::poison_ranges(guest.descriptor, ranges_of(guest), false);
}

// The process ends by exit(), and the server thread with it.
void leave_all_at_exit() {
  std::lock_guard<std::mutex> lock(mutex());
  leaving().lock();  // and never unlocked: the server thread leaves none any more
  for (const GuestPointer& guest : guests())
    if (!guest->over.exchange(true)) apply_on_failure(*guest);
}

void run_given() {
  uint64_t count;
  if (read(bell, &count, sizeof count) < 0) return;
  std::vector<std::function<void()>> functions;
  {
    std::lock_guard<std::mutex> lock(mutex());
    functions.swap(given());
  }
  for (const auto& function : functions) function();
}

void handle(const epoll_event& event) {
  if (event.data.u64 == kBell) return run_given();
  auto found = by_number().find(static_cast<uint32_t>(event.data.u64));
  if (found == by_number().end()) return;
  GuestPointer guest = found->second;
  if ((event.data.u64 & kOfProcess) != 0) return remove_guest(guest);
  take_events(guest);
  answer_waiting(guest);
}

// What could not be done before. Returns the milliseconds until it has to be tried again, or -1.
int go_on(uint64_t time) {
  int pause = -1;
  for (size_t index = 0; index < guests().size(); index++) {
    if (!guests()[index]->parked && guests()[index]->requests.empty()) continue;
    GuestPointer guest = guests()[index];
    if (guest->parked) {
      guest->parked = false;
      retry_finished(*guest);
      take_events(guest);
      answer_waiting(guest);
    }
    uint64_t due = guest->requests.empty() ? UINT64_MAX : fail_overdue(*guest, time);
    int wait = guest->parked ? 1 : due == UINT64_MAX ? -1 : static_cast<int>((due - time) / 1000000 + 1);
    if (wait >= 0) pause = pause < 0 ? wait : std::min(pause, wait);
  }
  return pause;
}

// A step for each guest. Returns whether there is more to do at once.
bool prefetch() {
  bool more = false;
  for (const GuestPointer& guest : guests())
    if (guest->mode == Guest::kServing && !guest->prefetch.empty() && !guest->parked) more |= prefetch_some(guest);
  return more;
}

void* serve(void*) {
  epoll_event events[64];
  bool idle_work = false;
  for (int pause = -1;;) {
    int count = epoll_wait(epoll, events, 64, idle_work ? 0 : pause);
    for (int index = 0; index < count; index++) handle(events[index]);
    pause = go_on(uffd::now());
    // Demand comes first: a turn that answered a fault prefetches nothing.
    idle_work = count > 0 ? std::any_of(guests().begin(), guests().end(), [](const auto& guest) { return !guest->prefetch.empty(); })
                          : prefetch();
  }
  return nullptr;
}

}  // namespace

int start_server() {
  std::lock_guard<std::mutex> lock(mutex());
  if (epoll >= 0) return 0;
  int set = epoll_create1(EPOLL_CLOEXEC), call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int error = set < 0 || call < 0 ? -errno : 0;
  if (error == 0) {
    epoll = set;
    bell = call;
    error = watch(bell, kBell);
    if (error == 0) error = start_own_thread("vmarea-guests", serve, nullptr);
  }
  if (error == 0) {
    atexit(leave_all_at_exit);
    return 0;
  }
  epoll = bell = -1;
  if (set >= 0) close(set);
  if (call >= 0) close(call);
  return error;
}

void run_on_server(std::function<void()> run) {
  {
    std::lock_guard<std::mutex> lock(mutex());
    given().push_back(std::move(run));
  }
  uint64_t one = 1;
  if (write(bell, &one, sizeof one) < 0) {
    // It rings already.
  }
}

int add_guest(const GuestPointer& guest) {
  {
    std::lock_guard<std::mutex> lock(mutex());
    guests().push_back(guest);
  }
  by_number()[guest->number] = guest;
  return watch(guest->pidfd, guest->number | kOfProcess);
}

int begin_serving(const GuestPointer& guest) {
  if (guest->mode != Guest::kOpened) return -EBUSY;
  guest->mode = Guest::kServing;
  return watch(guest->descriptor, guest->number, EPOLLIN | EPOLLET);
}

void leave_guest(const GuestPointer& guest) {
  std::lock_guard<std::mutex> lock(leaving());
  if (guest->over.exchange(true) || guest->mode == Guest::kGone) return report(*guest, Report::kLeft);
  abandon_requests(*guest);
  guest->waiting.clear();
  guest->prefetch.clear();
  bool served = guest->mode == Guest::kServing;
  guest->mode = guest->on_failure == OnFailure::kPoison ? Guest::kPoisoned : Guest::kLeft;
  apply_on_failure(*guest);
  if (guest->mode == Guest::kPoisoned && !served) watch(guest->descriptor, guest->number, EPOLLIN | EPOLLET);
  if (guest->mode == Guest::kLeft && served) epoll_ctl(epoll, EPOLL_CTL_DEL, guest->descriptor, nullptr);
  report(*guest, Report::kLeft);
}

void end_listener(Listener* listener) {
  run_on_server([=] {
    for (const GuestPointer& guest : std::vector<GuestPointer>(guests())) {
      if (guest->listener != listener) continue;
      guest->listener = nullptr;
      leave_guest(guest);
    }
    for (Script* script : scripts_of(listener)) close_script(script);
  });
}

}  // namespace vmarea::guests
