// Files and scripts that guests are served from, for JavaScript.
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addon/function-tables.h"
#include "guests/requests.h"
#include "guests/server.h"
#include "guests/tables.h"
#include "page/page-size.h"

namespace vmarea {
namespace guests {
namespace {

// Maps a whole file. Returns its number, and its bytes in results[0].
int64_t map_file(ThreadState* state, int descriptor) {
  struct stat stat = {};
  if (fstat(descriptor, &stat) != 0) return -errno;
  size_t length = static_cast<size_t>(stat.st_size);
  int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return -errno;
  void* bytes = length == 0 ? nullptr : mmap(nullptr, length, PROT_READ, MAP_SHARED, own, 0);
  if (bytes == MAP_FAILED) {
    int error = errno;
    close(own);
    return -error;
  }
  state->shared_results.results[0] = static_cast<double>(length);
  auto file = std::make_shared<const MappedFile>(static_cast<const uint8_t*>(bytes), length, own);
  map_cached_parts(file);
  return add_to_table(file);
}

int forget_mapped_file(double number) {
  forget_file(number);
  return 0;
}

void free_slots(napi_env, void*, void* memory) { delete static_cast<std::shared_ptr<SlotMemory>*>(memory); }

// Returns the slots as an ArrayBuffer, and the number of the script in results[0]; or a negative error number.
napi_value open_script(ThreadState* state, int64_t slot_size, int count) {
  auto refuse = [&](int error) {
    napi_value result;
    napi_create_int32(state->env, error, &result);
    return result;
  };
  Listener* listener = listener_of(state);
  if (listener == nullptr) return refuse(-ENXIO);
  if (slot_size <= 0 || static_cast<size_t>(slot_size) % page_size() != 0 || count < 1 || count > 65535) return refuse(-EINVAL);
  int error = start_server();
  if (error != 0) return refuse(error);
  size_t length = static_cast<size_t>(slot_size) * static_cast<size_t>(count);
  void* bytes = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (bytes == MAP_FAILED) return refuse(-errno);
  auto* memory = new std::shared_ptr<SlotMemory>(new SlotMemory(static_cast<uint8_t*>(bytes), length));
  napi_value buffer;
  if (napi_create_external_arraybuffer(state->env, bytes, length, free_slots, memory, &buffer) != napi_ok) {
    delete memory;
    return refuse(-ENOMEM);
  }
  Script* script = new Script{listener, 0, static_cast<size_t>(slot_size), *memory, {}, {}};
  script->by_slot.resize(static_cast<size_t>(count));
  for (uint32_t slot = static_cast<uint32_t>(count); slot-- > 0;) script->free.push_back(slot);
  state->shared_results.results[0] = add_to_table(script);
  return buffer;
}

// The few bytes of a closed one stay: a guest may still be served from it.
int close_script_call(double number) {
  Script* script = script_of(number);
  if (script == nullptr) return -ESRCH;
  run_on_server([=] { close_script(script); });
  return 0;
}

// What was asked for is in the slot, or the error number says why not.
int answer_read(double number, int slot, int error) {
  Script* script = script_of(number);
  if (script == nullptr || slot < 0) return -ESRCH;
  run_on_server([=] { finish_read(script, static_cast<uint32_t>(slot), error); });
  return 0;
}

constexpr Function kFunctions[] = {
    {"guestMapFile", callback<map_file>},
    {"guestForgetFile", callback<forget_mapped_file>},
    {"guestOpenScript", callback<open_script>},
    {"guestCloseScript", callback<close_script_call>},
    {"guestAnswerRead", callback<answer_read>},
};

}  // namespace
}  // namespace guests

const FunctionTable kGuestSources(guests::kFunctions);

}  // namespace vmarea
