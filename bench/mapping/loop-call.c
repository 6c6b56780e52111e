// The floor of waitAsync: a native thread calls a JavaScript function on Node's event loop by a threadsafe function, which is uv_async_send.
// `begin(count, pause, callback)` calls it so many times, with so many microseconds between, and passes the monotonic time in nanoseconds
// from just before. The thread goes on when `answered` says that the call has come.
#define NAPI_VERSION 8
#include <node_api.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static napi_threadsafe_function bell;
static sem_t turn;
static long count, pause_between;
static double stamp;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void* ring(void* unused) {
  for (long round = 0; round < count; round++) {
    usleep((useconds_t)pause_between);
    stamp = now();
    napi_call_threadsafe_function(bell, NULL, napi_tsfn_nonblocking);
    sem_wait(&turn);
  }
  napi_release_threadsafe_function(bell, napi_tsfn_release);
  return unused;
}

static void call(napi_env env, napi_value callback, void* context, void* data) {
  (void)context;
  (void)data;
  napi_value undefined, argument;
  napi_get_undefined(env, &undefined);
  napi_create_double(env, stamp, &argument);
  napi_call_function(env, undefined, callback, 1, &argument, NULL);
}

static napi_value begin(napi_env env, napi_callback_info info) {
  size_t given = 3;
  napi_value arguments[3], name;
  int64_t numbers[2];
  napi_get_cb_info(env, info, &given, arguments, NULL, NULL);
  for (int index = 0; index < 2; index++) napi_get_value_int64(env, arguments[index], &numbers[index]);
  count = numbers[0];
  pause_between = numbers[1];
  sem_init(&turn, 0, 0);
  napi_create_string_utf8(env, "loop-call", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, arguments[2], NULL, name, 0, 1, NULL, NULL, NULL, call, &bell);
  pthread_t thread;
  pthread_create(&thread, NULL, ring, NULL);
  pthread_detach(thread);
  return NULL;
}

static napi_value answered(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  sem_post(&turn);
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "begin", NAPI_AUTO_LENGTH, begin, NULL, &function);
  napi_set_named_property(env, exports, "begin", function);
  napi_create_function(env, "answered", NAPI_AUTO_LENGTH, answered, NULL, &function);
  napi_set_named_property(env, exports, "answered", function);
  return exports;
}
