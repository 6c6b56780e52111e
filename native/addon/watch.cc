// Waiting for descriptors without blocking JavaScript: one thread of the process polls for all, and calls into the event loops.
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "addon/callback.h"
#include "addon/function-tables.h"
#include "addon/own-thread.h"

namespace vmarea {
namespace {

// One environment that listens.
struct Listener {
  napi_threadsafe_function function = nullptr;
  size_t pending = 0;  // watches; the event loop stays alive while there are any
};

struct Watch {
  Listener* listener;
  int descriptor;  // a duplicate of our own: the caller may close the original
};

// Never destroyed: the thread runs until the process ends.
std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}
std::map<uint32_t, Watch>& watches() {
  static std::map<uint32_t, Watch>* watches = new std::map<uint32_t, Watch>;
  return *watches;
}
std::map<ThreadState*, Listener*>& listeners() {
  static std::map<ThreadState*, Listener*>* listeners = new std::map<ThreadState*, Listener*>;
  return *listeners;
}

int epoll = -1;
uint32_t last_key = 0;

void close_watch_locked(std::map<uint32_t, Watch>::iterator watch) {
  epoll_ctl(epoll, EPOLL_CTL_DEL, watch->second.descriptor, nullptr);
  close(watch->second.descriptor);
  watches().erase(watch);
}

void* poll_for_all(void*) {
  for (;;) {
    epoll_event events[64];
    int count = epoll_wait(epoll, events, 64, -1);
    std::lock_guard<std::mutex> lock(mutex());
    for (int index = 0; index < count; index++) {
      auto watch = watches().find(events[index].data.u32);
      if (watch == watches().end()) continue;
      Listener* listener = watch->second.listener;
      uint32_t key = watch->first;
      close_watch_locked(watch);
      if (listener->function == nullptr) continue;
      void* data = reinterpret_cast<void*>(static_cast<uintptr_t>(key));
      if (napi_call_threadsafe_function(listener->function, data, napi_tsfn_nonblocking) == napi_closing) listener->function = nullptr;
    }
  }
  return nullptr;
}

int start_thread_locked() {
  if (epoll >= 0) return 0;
  int descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) return -errno;
  epoll = descriptor;
  int error = start_own_thread("vmarea-watch", poll_for_all, nullptr);
  if (error == 0) return 0;
  epoll = -1;
  close(descriptor);
  return error;
}

void call_javascript(napi_env env, napi_value function, void* context, void* data) {
  if (env == nullptr) return;  // The environment is being taken down.
  Listener* listener = static_cast<Listener*>(context);
  {
    std::lock_guard<std::mutex> lock(mutex());
    if (--listener->pending == 0) napi_unref_threadsafe_function(env, listener->function);
  }
  napi_value receiver, key;
  napi_get_undefined(env, &receiver);
  napi_create_uint32(env, static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data)), &key);
  napi_call_function(env, receiver, function, 1, &key, nullptr);
}

void listener_ends(void* data) {
  ThreadState* state = static_cast<ThreadState*>(data);
  std::lock_guard<std::mutex> lock(mutex());
  Listener* listener = listeners()[state];
  listeners().erase(state);
  for (auto watch = watches().begin(); watch != watches().end();) {
    auto next = std::next(watch);
    if (watch->second.listener == listener) close_watch_locked(watch);
    watch = next;
  }
  if (listener->function != nullptr) napi_release_threadsafe_function(listener->function, napi_tsfn_abort);
  listener->function = nullptr;  // Leak these few bytes: a call in flight may still read them.
}

// The function is called with a watch's key once its descriptor is ready.
int listen(ThreadState* state, napi_value function) {
  std::lock_guard<std::mutex> lock(mutex());
  if (listeners().count(state) != 0) return -EEXIST;
  int error = start_thread_locked();
  if (error != 0) return error;
  Listener* listener = new Listener;
  napi_value name;
  napi_create_string_utf8(state->env, "vmarea", NAPI_AUTO_LENGTH, &name);
  napi_status status = napi_create_threadsafe_function(state->env, function, nullptr, name, 0, 1, nullptr, nullptr, listener,
                                                       call_javascript, &listener->function);
  if (status != napi_ok) {
    delete listener;
    return -EINVAL;
  }
  napi_unref_threadsafe_function(state->env, listener->function);
  listeners()[state] = listener;
  napi_add_env_cleanup_hook(state->env, listener_ends, state);  // runs before the function's own hook, which was added earlier
  return 0;
}

// Watches a descriptor once. Returns the key.
int watch(ThreadState* state, int descriptor) {
  std::lock_guard<std::mutex> lock(mutex());
  auto found = listeners().find(state);
  if (found == listeners().end()) return -ENXIO;
  int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return -errno;
  do last_key = (last_key + 1) & 0x3fffffff;
  while (last_key == 0 || watches().count(last_key) != 0);
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.u32 = last_key;
  watches()[last_key] = {found->second, own};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, own, &event) != 0) {
    int error = errno;
    watches().erase(last_key);
    close(own);
    return -error;
  }
  if (found->second->pending++ == 0) napi_ref_threadsafe_function(state->env, found->second->function);
  return static_cast<int>(last_key);
}

// Ends a watch. Returns 1, or 0 where its call is in flight or done.
int unwatch(ThreadState* state, int key) {
  std::lock_guard<std::mutex> lock(mutex());
  auto watch = watches().find(static_cast<uint32_t>(key));
  if (watch == watches().end()) return 0;
  Listener* listener = watch->second.listener;
  close_watch_locked(watch);
  if (--listener->pending == 0 && listener->function != nullptr) napi_unref_threadsafe_function(state->env, listener->function);
  return 1;
}

constexpr Function kFunctions[] = {
    {"listenToWatches", callback<listen>},
    {"watch", callback<watch>},
    {"unwatch", callback<unwatch>},
};

}  // namespace

const FunctionTable kWatches(kFunctions);

}  // namespace vmarea
