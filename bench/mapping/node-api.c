// What Node-API alone costs. Functions: `readsThree(number, number, typed array)`; `mapPage()`, which maps a page and returns an ArrayBuffer
// over it; `unmapPage(buffer)`, which detaches the buffer and unmaps the page. `mapHeldPage()` and `unmapHeldPage(buffer)` do the same and hold
// the addresses until the buffer's object is collected, so that no other memory is where a call in flight still writes.
#define NAPI_VERSION 8
#include <node_api.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static napi_value reads_three(napi_env env, napi_callback_info info) {
  size_t count = 3, length = 0;
  napi_value arguments[3];
  double numbers[2];
  void* data = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_double(env, arguments[0], &numbers[0]);
  napi_get_value_double(env, arguments[1], &numbers[1]);
  napi_get_buffer_info(env, arguments[2], &data, &length);
  return NULL;
}

static void release(napi_env env, void* data, void* hint) {
  (void)env;
  (void)data;
  (void)hint;
}

static void release_held(napi_env env, void* data, void* hint) {
  (void)env;
  (void)hint;
  munmap(data, PAGE);
}

static napi_value map_with(napi_env env, napi_finalize finalize) {
  napi_value buffer = NULL;
  void* page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  napi_create_external_arraybuffer(env, page, PAGE, finalize, NULL, &buffer);
  return buffer;
}

static napi_value map_page(napi_env env, napi_callback_info info) {
  (void)info;
  return map_with(env, release);
}

static napi_value map_held_page(napi_env env, napi_callback_info info) {
  (void)info;
  return map_with(env, release_held);
}

static void* detach(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value buffer;
  void* page = NULL;
  napi_get_cb_info(env, info, &count, &buffer, NULL, NULL);
  napi_get_arraybuffer_info(env, buffer, &page, &length);
  napi_detach_arraybuffer(env, buffer);
  return page;
}

static napi_value unmap_page(napi_env env, napi_callback_info info) {
  munmap(detach(env, info), PAGE);
  return NULL;
}

static napi_value unmap_held_page(napi_env env, napi_callback_info info) {
  mmap(detach(env, info), PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return NULL;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char* name;
    napi_callback call;
  } functions[] = {
      {"readsThree", reads_three},          {"mapPage", map_page},
      {"unmapPage", unmap_page},            {"mapHeldPage", map_held_page},
      {"unmapHeldPage", unmap_held_page},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    napi_value function;
    napi_create_function(env, functions[index].name, NAPI_AUTO_LENGTH, functions[index].call, NULL, &function);
    napi_set_named_property(env, exports, functions[index].name, function);
  }
  return exports;
}
