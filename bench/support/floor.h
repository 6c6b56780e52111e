// The parts that the floors which serve faults in C share: touching pages, waiting for faults, and the functions for JavaScript.
#define _GNU_SOURCE
#include <node_api.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "now.h"

struct message { uint8_t event, reserved[7]; uint64_t flags, address, rest; };
#define FAULT 0x12

static void numbers_of(napi_env env, napi_callback_info info, double *values, size_t wanted) {
  napi_value arguments[8];
  size_t count = 8;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  for (size_t index = 0; index < wanted && index < count; index++) napi_get_value_double(env, arguments[index], &values[index]);
}

// The elements of the typed array that is this argument.
static void *elements_of(napi_env env, napi_callback_info info, size_t index) {
  napi_value arguments[8];
  size_t count = 8;
  void *data;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_typedarray_info(env, arguments[index], NULL, NULL, &data, NULL, NULL);
  return data;
}

static napi_value answer(napi_env env, double result) {
  napi_value value;
  napi_create_double(env, result, &value);
  return value;
}

static void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// (cpu): the calling thread runs there from now on
static napi_value pin(napi_env env, napi_callback_info info) {
  double cpu = 0;
  numbers_of(env, info, &cpu, 1);
  pin_to((int)cpu);
  return answer(env, 0);
}

// (address, pages, Float64Array): touches a byte a page, and notes the nanoseconds of each
static napi_value touch(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  volatile uint8_t *memory = (volatile uint8_t *)(uintptr_t)values[0];
  double *times = elements_of(env, info, 2);
  double sum = 0;
  for (size_t index = 0; index < (size_t)values[1]; index++) {
    uint64_t before = now();
    sum += memory[index * 4096];
    times[index] = (double)(now() - before);
  }
  return answer(env, sum);
}

static volatile int running;

// Calls `resolve` with the address of each fault while `running` is set. A cpu below 0 is any.
static inline void serve_faults(int descriptor, int cpu, void (*resolve)(uint64_t address)) {
  struct message messages[16];
  if (cpu >= 0) pin_to(cpu);
  while (running) {
    struct pollfd waiting = {descriptor, POLLIN, 0};
    if (poll(&waiting, 1, 100) <= 0) continue;
    ssize_t length = read(descriptor, messages, sizeof messages);
    for (ssize_t index = 0; index < length / (ssize_t)sizeof *messages; index++)
      if (messages[index].event == FAULT) resolve(messages[index].address);
  }
}

struct function { const char *name; napi_callback call; };

static napi_value with_functions(napi_env env, napi_value exports, const struct function *functions, size_t count) {
  for (size_t index = 0; index < count; index++) {
    napi_value function;
    napi_create_function(env, functions[index].name, NAPI_AUTO_LENGTH, functions[index].call, NULL, &function);
    napi_set_named_property(env, exports, functions[index].name, function);
  }
  return exports;
}
