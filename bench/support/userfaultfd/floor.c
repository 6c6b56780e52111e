// The floor: the same work in C, in the same process, on the same kind of memory.
#include "../floor.h"

#include <errno.h>
#include <string.h>

struct copy { uint64_t destination, source, length, mode; int64_t done; };
#define COPY 0xc028aa03
#define MOVE 0xc028aa05

// One server at a time.
static struct {
  int descriptor, cpu;
  uint8_t *page;
} server;

static void resolve(uint64_t address) {
  struct copy copy = {address & ~4095ull, (uintptr_t)server.page, 4096, 0, 0};
  ioctl(server.descriptor, COPY, &copy);
}

static void *serve(void *unused) {
  (void)unused;
  server.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(server.page, 7, 4096);
  serve_faults(server.descriptor, server.cpu, resolve);
  return NULL;
}

// (descriptor, cpu): a thread there that answers its faults until stop()
static napi_value start(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  pthread_t thread;
  numbers_of(env, info, values, 2);
  server.descriptor = (int)values[0];
  server.cpu = (int)values[1];
  running = 1;
  pthread_create(&thread, NULL, serve, NULL);
  pthread_detach(thread);
  return answer(env, 0);
}

static napi_value stop(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  return answer(env, 0);
}

// (descriptor, request, to, from, step, count): the nanoseconds of count calls of copy or move, each of step bytes
static napi_value calls(napi_env env, napi_callback_info info) {
  double values[6] = {0};
  numbers_of(env, info, values, 6);
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
  static const struct function functions[] = {{"start", start}, {"stop", stop}, {"touch", touch}, {"calls", calls}, {"pin", pin}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(floor, init)
