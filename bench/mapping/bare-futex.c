// The floor of wait and notify called from JavaScript: functions of Node-API that do nothing but futex(2). Functions: `use(int32Array)` sets
// the words; `wait(index, value)` sleeps while the word has that value; `wake(index)` wakes one waiter.
#define NAPI_VERSION 8
#include <linux/futex.h>
#include <node_api.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int32_t* words;

static void arguments(napi_env env, napi_callback_info info, size_t count, napi_value* values) {
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
}

static napi_value use(napi_env env, napi_callback_info info) {
  napi_value value;
  void* data = NULL;
  arguments(env, info, 1, &value);
  napi_get_typedarray_info(env, value, NULL, NULL, &data, NULL, NULL);
  words = data;
  return NULL;
}

static napi_value wait_word(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t index, value;
  arguments(env, info, 2, values);
  napi_get_value_int32(env, values[0], &index);
  napi_get_value_int32(env, values[1], &value);
  syscall(SYS_futex, words + index, FUTEX_WAIT, value, NULL, NULL, 0);
  return NULL;
}

static napi_value wake_word(napi_env env, napi_callback_info info) {
  napi_value value;
  int32_t index;
  arguments(env, info, 1, &value);
  napi_get_value_int32(env, value, &index);
  syscall(SYS_futex, words + index, FUTEX_WAKE, 1, NULL, NULL, 0);
  return NULL;
}

static void add(napi_env env, napi_value exports, const char* name, napi_callback call) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, NULL, &function);
  napi_set_named_property(env, exports, name, function);
}

NAPI_MODULE_INIT() {
  add(env, exports, "use", use);
  add(env, exports, "wait", wait_word);
  add(env, exports, "wake", wake_word);
  return exports;
}
