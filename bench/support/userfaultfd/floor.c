// The floor: the same work in C, in the same process, on the same kind of memory.
#define _GNU_SOURCE
#include <errno.h>
#include <node_api.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct copy { uint64_t destination, source, length, mode; int64_t done; };
struct message { uint8_t event, reserved[7]; uint64_t flags, address, rest; };
#define COPY 0xc028aa03
#define MOVE 0xc028aa05

static double number(napi_env env, napi_value value) {
  double result = 0;
  napi_get_value_double(env, value, &result);
  return result;
}

static napi_value answer(napi_env env, double result) {
  napi_value value;
  napi_create_double(env, result, &value);
  return value;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static volatile int running;

static void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// (cpu): the calling thread runs there from now on
static napi_value pin(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  size_t count = 1;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  pin_to((int)number(env, arguments[0]));
  return answer(env, 0);
}

static int serving_cpu;

static void *serve(void *argument) {
  int descriptor = (int)(intptr_t)argument;
  pin_to(serving_cpu);
  uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct message messages[16];
  memset(page, 7, 4096);
  while (running) {
    struct pollfd waiting = {descriptor, POLLIN, 0};
    if (poll(&waiting, 1, 100) <= 0) continue;
    ssize_t length = read(descriptor, messages, sizeof messages);
    for (ssize_t index = 0; index < length / 32; index++) {
      if (messages[index].event != 0x12) continue;
      struct copy copy = {messages[index].address & ~4095ull, (uintptr_t)page, 4096, 0, 0};
      ioctl(descriptor, COPY, &copy);
    }
  }
  return NULL;
}

// (descriptor, cpu): a thread there that answers its faults until stop()
static napi_value start(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  pthread_t thread;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  serving_cpu = (int)number(env, arguments[1]);
  running = 1;
  pthread_create(&thread, NULL, serve, (void *)(intptr_t)number(env, arguments[0]));
  pthread_detach(thread);
  return answer(env, 0);
}

static napi_value stop(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  return answer(env, 0);
}

// (address, pages, Float64Array): touches a byte a page, and notes the nanoseconds of each
static napi_value touch(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3;
  void *data;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  volatile uint8_t *memory = (volatile uint8_t *)(uintptr_t)number(env, arguments[0]);
  size_t pages = (size_t)number(env, arguments[1]);
  napi_get_typedarray_info(env, arguments[2], NULL, NULL, &data, NULL, NULL);
  double *times = data;
  double sum = 0;
  for (size_t index = 0; index < pages; index++) {
    uint64_t before = now();
    sum += memory[index * 4096];
    times[index] = (double)(now() - before);
  }
  return answer(env, sum);
}

// (descriptor, request, to, from, step, count): the nanoseconds of count calls of copy or move, each of step bytes
static napi_value calls(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  size_t count = 6;
  double values[6];
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  for (int index = 0; index < 6; index++) values[index] = number(env, arguments[index]);
  int move = values[1] != 0;
  uint64_t step = (uint64_t)values[4];
  uint64_t before = now();
  for (uint64_t index = 0; index < (uint64_t)values[5]; index++) {
    struct copy copy = {(uint64_t)values[2] + index * step, (uint64_t)values[3] + (move ? index * step : 0), step, 0, 0};
    if (ioctl((int)values[0], move ? MOVE : COPY, &copy) != 0) return answer(env, -errno);
  }
  return answer(env, (double)(now() - before));
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct { const char *name; napi_callback call; } functions[] = {
      {"start", start}, {"stop", stop}, {"touch", touch}, {"calls", calls}, {"pin", pin}};
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    napi_value function;
    napi_create_function(env, functions[index].name, NAPI_AUTO_LENGTH, functions[index].call, NULL, &function);
    napi_set_named_property(env, exports, functions[index].name, function);
  }
  return exports;
}

NAPI_MODULE(floor, init)
