// Guests, for JavaScript: numbers in, numbers out.
#include <errno.h>

#include <algorithm>
#include <map>

#include "addon/function-tables.h"
#include "guests/answers.h"
#include "guests/dirty.h"
#include "guests/events.h"
#include "guests/hints.h"
#include "guests/requests.h"
#include "guests/server.h"
#include "guests/tables.h"

namespace vmarea {
namespace guests {
namespace {

std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}
std::map<ThreadState*, Listener*>& listeners() {
  static auto* listeners = new std::map<ThreadState*, Listener*>;
  return *listeners;
}

void call_javascript(napi_env env, napi_value function, void* context, void*) {
  if (env == nullptr) return;  // The environment goes.
  Listener* listener = static_cast<Listener*>(context);
  {
    std::lock_guard<std::mutex> lock(listener->mutex);
    listener->called = false;
  }
  napi_value receiver;
  napi_get_undefined(env, &receiver);
  napi_call_function(env, receiver, function, 0, nullptr, nullptr);
}

void listener_ends(void* data) {
  Listener* listener;
  {
    std::lock_guard<std::mutex> lock(mutex());
    auto found = listeners().find(static_cast<ThreadState*>(data));
    listener = found->second;
    listeners().erase(found);
  }
  {
    std::lock_guard<std::mutex> lock(listener->mutex);
    napi_release_threadsafe_function(listener->function, napi_tsfn_abort);
    listener->function = nullptr;
  }
  end_listener(listener);
}

// The function is called when there are reports to take.
int listen(ThreadState* state, napi_value function) {
  std::lock_guard<std::mutex> lock(mutex());
  if (listeners().count(state) != 0) return -EEXIST;
  int error = start_server();
  if (error != 0) return error;
  Listener* listener = new Listener;
  napi_value name;
  napi_create_string_utf8(state->env, "vmarea", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(state->env, function, nullptr, name, 0, 1, nullptr, nullptr, listener, call_javascript,
                                      &listener->function) != napi_ok) {
    delete listener;
    return -EINVAL;
  }
  napi_unref_threadsafe_function(state->env, listener->function);
  listeners()[state] = listener;
  napi_add_env_cleanup_hook(state->env, listener_ends, state);
  return 0;
}

// Takes as many reports as fit, four numbers each. Returns how many.
int take_reports(ThreadState* state, View<double> into) {
  Listener* listener = listener_of(state);
  if (listener == nullptr) return -ENXIO;
  std::lock_guard<std::mutex> lock(listener->mutex);
  size_t count = std::min(into.length / 4, listener->records.size() / 4);
  std::copy_n(listener->records.begin(), count * 4, into.data);
  listener->records.erase(listener->records.begin(), listener->records.begin() + static_cast<ptrdiff_t>(count * 4));
  return static_cast<int>(count);
}

// Whether the event loop stays alive for what is to be reported.
int keep(ThreadState* state, bool alive) {
  Listener* listener = listener_of(state);
  if (listener == nullptr) return -ENXIO;
  if (alive) napi_ref_threadsafe_function(state->env, listener->function);
  else napi_unref_threadsafe_function(state->env, listener->function);
  return 0;
}

// Takes over a userfaultfd, a pidfd with the number of its process, and the descriptor of a log (-1 for none). Four numbers a region:
// address, bytes, offset, bytes a page.
int64_t open_guest(ThreadState* state, int descriptor, int pidfd, int process, int log, int on_failure, View<double> regions) {
  GuestPointer guest = std::make_shared<Guest>();
  guest->descriptor = descriptor;
  guest->pidfd = pidfd;
  guest->process = process;
  guest->log = log;
  guest->on_failure = static_cast<OnFailure>(on_failure);
  guest->listener = listener_of(state);
  size_t pages = 0;
  for (size_t index = 0; index + 4 <= regions.length; index += 4) {
    const double* region = regions.data + index;
    guest->regions.push_back({static_cast<uint64_t>(region[0]), static_cast<uint64_t>(region[1]), static_cast<uint64_t>(region[2]),
                              static_cast<uint64_t>(region[3]), pages});
    if (region[3] < 4096 || region[3] > 2097152 || region[1] < region[3]) return -EINVAL;
    pages += static_cast<size_t>(region[1] / region[3]);
  }
  guest->states = std::make_unique<PageStates>(pages);
  if (guest->listener == nullptr) return -ENXIO;
  uint32_t number = add_to_table(guest);
  run_on_server([=] { add_guest(guest); });
  return number;
}

// Five numbers a segment: kind, start, end, where its bytes begin, and the number of the file or script. `options`: bytes around a fault,
// milliseconds an answer may take, and five that are 0 or 1: unregister what is removed, kill for a page that fails, note writes by
// write-protection, the kernel lifts that itself, record what is demanded.
int serve_guest(GivenGuest given, View<double> segments, View<double> options) {
  if (options.length < 7) return -EINVAL;
  auto source = std::make_shared<Source>();
  for (size_t index = 0; index + 5 <= segments.length; index += 5) {
    const double* one = segments.data + index;
    Segment segment = {static_cast<Segment::Kind>(one[0]), static_cast<uint64_t>(one[1]), static_cast<uint64_t>(one[2]),
                       static_cast<uint64_t>(one[3]), nullptr, nullptr};
    if (segment.kind == Segment::kFile && (segment.file = file_of(one[4])) == nullptr) return -EBADF;
    if (segment.kind == Segment::kScript && (segment.script = script_of(one[4])) == nullptr) return -EBADF;
    if (segment.start != source->size() || segment.end <= segment.start) return -EINVAL;
    source->segments.push_back(std::move(segment));
  }
  GuestPointer guest = given.guest;
  for (const GuestRegion& region : guest->regions)
    if (region.offset + region.length > source->size()) return -ERANGE;
  double around = options.data[0], timeout = options.data[1];
  bool unregister = options.data[2] != 0, kills = options.data[3] != 0, protects = options.data[4] != 0, protects_itself = options.data[5] != 0;
  int error = protects ? register_protection(*guest) : 0;
  if (error != 0) return error;
  {
    std::lock_guard<std::mutex> lock(guest->record_mutex);
    guest->records = options.data[6] != 0;
  }
  run_on_server([=] {
    guest->source = source;
    guest->around = static_cast<uint64_t>(around);
    guest->timeout = static_cast<uint64_t>(timeout * 1e6);
    guest->unregister_removed = unregister;
    guest->kill_on_page_failure = kills;
    guest->protects = protects;
    guest->protects_itself = protects_itself;
    if (protects) begin_dirty(*guest);
    begin_serving(guest);
  });
  return 0;
}

// Two numbers a range: the first byte and the one after the last, in the order in which they are wanted.
int prefetch(GivenGuest given, View<double> ranges) {
  std::vector<std::pair<uint64_t, uint64_t>> wanted;
  for (size_t index = ranges.length / 2; index-- > 0;)
    wanted.push_back({static_cast<uint64_t>(ranges.data[index * 2]), static_cast<uint64_t>(ranges.data[index * 2 + 1])});
  GuestPointer guest = given.guest;
  run_on_server([guest, wanted = std::move(wanted)]() mutable {
    for (auto [start, end] : wanted) hint(*guest, start, end);
    guest->prefetch.insert(guest->prefetch.begin(), wanted.begin(), wanted.end());
    guest->prefetching = true;
    guest->prefetches++;
  });
  return 0;
}

// The counts by outcome, then pages there, pages removed, removals, then for each histogram its sum and its buckets. Returns how many
// numbers.
int statistics(GivenGuest given, View<double> into) {
  const Statistics& statistics = given.guest->statistics;
  size_t place = 0;
  auto put = [&](const Counter& counter) {
    if (place < into.length) into.data[place++] = static_cast<double>(counter.get());
  };
  for (const Counter& counter : statistics.counts) put(counter);
  put(statistics.pages_there);
  put(statistics.pages_removed);
  put(statistics.removals);
  for (const Histogram& histogram : statistics.latency) {
    put(histogram.sum);
    for (const Counter& counter : histogram.buckets) put(counter);
  }
  return static_cast<int>(place);
}

// Takes as many offsets of demanded pages as fit, the earliest first. Returns how many.
int take_record(GivenGuest given, View<double> into) {
  std::lock_guard<std::mutex> lock(given.guest->record_mutex);
  std::vector<uint64_t>& record = given.guest->record;
  size_t count = std::min(into.length, record.size());
  std::copy_n(record.begin(), count, into.data);
  record.erase(record.begin(), record.begin() + static_cast<ptrdiff_t>(count));
  return static_cast<int>(count);
}

// A byte a page: 0 missing, 1 there, 2 removed. Returns how many pages there are.
int states(GivenGuest given, View<uint8_t> into) {
  const PageStates& states = *given.guest->states;
  for (size_t index = 0; index < std::min(into.length, states.count()); index++) into.data[index] = states.at(index);
  return static_cast<int>(states.count());
}

// What is known of pages before serving begins: they are there, or were removed. Two numbers a range of addresses.
int mark(GivenGuest given, int state, View<double> ranges) {
  constexpr int kWritten = 3;  // or were written, after serving with write protection has begun
  if (state != kThere && state != kRemovedPage && state != kWritten) return -EINVAL;
  GuestPointer guest = given.guest;
  std::vector<double> addresses(ranges.data, ranges.data + ranges.length);
  run_on_server([guest, state, addresses = std::move(addresses)] {
    for (size_t index = 0; index + 2 <= addresses.size(); index += 2) {
      uint64_t start = static_cast<uint64_t>(addresses[index]), end = static_cast<uint64_t>(addresses[index + 1]);
      if (state == kWritten) mark_written(*guest, start, end);
      else mark_pages(*guest, static_cast<PageState>(state), start, end);
    }
  });
  return 0;
}

// Faults that another handler has read, and never answered, come again.
int wake_all(GivenGuest given) {
  GuestPointer guest = given.guest;
  run_on_server([=] {
    for (const GuestRegion& region : guest->regions) wake(*guest, region.start, region.length);
  });
  return 0;
}

int leave(GivenGuest given) {
  GuestPointer guest = given.guest;
  run_on_server([=] { leave_guest(guest); });
  return 0;
}

int forget(double number) {
  forget_guest(number);
  return 0;
}

constexpr Function kFunctions[] = {
    {"guestListen", callback<listen>},          {"guestTakeReports", callback<take_reports>},
    {"guestKeep", callback<keep>},              {"guestOpen", callback<open_guest>},
    {"guestServe", callback<serve_guest>},      {"guestPrefetch", callback<prefetch>},
    {"guestStatistics", callback<statistics>},  {"guestTakeRecord", callback<take_record>},
    {"guestStates", callback<states>},          {"guestLeave", callback<leave>},
    {"guestForget", callback<forget>},          {"guestMark", callback<mark>},
    {"guestWakeAll", callback<wake_all>},
};

}  // namespace

Listener* listener_of(ThreadState* state) {
  std::lock_guard<std::mutex> lock(mutex());
  auto found = listeners().find(state);
  return found == listeners().end() ? nullptr : found->second;
}

}  // namespace guests

const FunctionTable kGuests(guests::kFunctions);

}  // namespace vmarea
