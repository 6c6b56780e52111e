// The floor of devices: a C thread that serves a memory file the same way, memcpy into its own map and UFFDIO_CONTINUE in the program's.
#define _GNU_SOURCE
#include <fcntl.h>
#include <node_api.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct api { uint64_t api, features, ioctls; };
struct registration { uint64_t start, length, mode, ioctls; };
struct resume { uint64_t start, length, mode; int64_t mapped; };
struct message { uint8_t event, reserved[7]; uint64_t flags, address, rest; };
#define API 0xc018aa3f
#define REGISTER 0xc020aa00
#define CONTINUE 0xc020aa07
#define MISSING_SHMEM (1 << 5)
#define MINOR_SHMEM (1 << 10)

// One device at a time.
static struct {
  int descriptor, file, cpu;
  uint8_t *program, *driver, *source;
  size_t length, run;
  pthread_t thread;
  volatile int running;
} device;

static void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *serve(void *unused) {
  (void)unused;
  struct message messages[16];
  if (device.cpu >= 0) pin_to(device.cpu);
  while (device.running) {
    struct pollfd waiting = {device.descriptor, POLLIN, 0};
    if (poll(&waiting, 1, 100) <= 0) continue;
    ssize_t length = read(device.descriptor, messages, sizeof messages);
    for (ssize_t index = 0; index < length / 32; index++) {
      if (messages[index].event != 0x12) continue;
      size_t offset = (messages[index].address - (uintptr_t)device.program) & ~(size_t)4095;
      size_t run = device.length - offset < device.run ? device.length - offset : device.run;
      memcpy(device.driver + offset, device.source + offset % (1 << 20), run);
      struct resume resume = {(uintptr_t)device.program + offset, run, 0, 0};
      ioctl(device.descriptor, CONTINUE, &resume);
    }
  }
  return NULL;
}

static void arguments_of(napi_env env, napi_callback_info info, double *values, size_t wanted) {
  napi_value arguments[8];
  size_t count = 8;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  for (size_t index = 0; index < wanted && index < count; index++) napi_get_value_double(env, arguments[index], &values[index]);
}

static napi_value answer(napi_env env, double result) {
  napi_value value;
  napi_create_double(env, result, &value);
  return value;
}

// (length, run, cpu or -1): the address where the program sees the device, or -1
static napi_value open_device(napi_env env, napi_callback_info info) {
  double values[3] = {0, 0, -1};
  arguments_of(env, info, values, 3);
  device.length = (size_t)values[0];
  device.run = (size_t)values[1];
  device.cpu = (int)values[2];
  device.file = (int)syscall(SYS_memfd_create, "floor", MFD_CLOEXEC);
  if (ftruncate(device.file, (off_t)device.length) != 0) return answer(env, -1);
  device.program = mmap(NULL, device.length, PROT_READ, MAP_SHARED, device.file, 0);
  device.driver = mmap(NULL, device.length, PROT_READ | PROT_WRITE, MAP_SHARED, device.file, 0);
  // What it copies from stays in the cache's reach, as the driver's under test does.
  device.source = malloc((1 << 20) + device.run);
  memset(device.source, 7, (1 << 20) + device.run);
  device.descriptor = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  // The program's map must allow writing to be registered as a shared one.
  struct api api = {0xaa, MISSING_SHMEM | MINOR_SHMEM, 0};
  struct registration registration = {(uintptr_t)device.program, device.length, 1 | 4, 0};
  if (ioctl(device.descriptor, API, &api) != 0 || ioctl(device.descriptor, REGISTER, &registration) != 0) return answer(env, -1);
  device.running = 1;
  pthread_create(&device.thread, NULL, serve, NULL);
  return answer(env, (double)(uintptr_t)device.program);
}

static napi_value close_device(napi_env env, napi_callback_info info) {
  (void)info;
  device.running = 0;
  pthread_join(device.thread, NULL);
  munmap(device.program, device.length);
  munmap(device.driver, device.length);
  free(device.source);
  close(device.descriptor);
  close(device.file);
  return answer(env, 0);
}

// (cpu): the calling thread runs there from now on
static napi_value pin(napi_env env, napi_callback_info info) {
  double values[1] = {0};
  arguments_of(env, info, values, 1);
  pin_to((int)values[0]);
  return answer(env, 0);
}

// (address, pages, step in pages, Float64Array): touches a byte of each, and notes the nanoseconds
static napi_value touch(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t count = 4;
  double values[3] = {0, 0, 1};
  void *data;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  arguments_of(env, info, values, 3);
  napi_get_typedarray_info(env, arguments[3], NULL, NULL, &data, NULL, NULL);
  volatile uint8_t *memory = (volatile uint8_t *)(uintptr_t)values[0];
  double *times = data;
  double sum = 0;
  for (size_t index = 0; index < (size_t)values[1]; index++) {
    uint64_t before = now();
    sum += memory[index * (size_t)values[2] * 4096];
    times[index] = (double)(now() - before);
  }
  return answer(env, sum);
}

// (address, length): the nanoseconds to read a word of every cache line, in order
static napi_value scan(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  arguments_of(env, info, values, 2);
  const volatile uint64_t *memory = (const volatile uint64_t *)(uintptr_t)values[0];
  uint64_t before = now(), sum = 0;
  for (size_t index = 0; index < (size_t)values[1] / 8; index += 8) sum += memory[index];
  uint64_t after = now();
  return answer(env, (double)(after - before) + (sum == 1 ? 1 : 0));
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct { const char *name; napi_callback call; } functions[] = {
      {"open", open_device}, {"close", close_device}, {"touch", touch}, {"scan", scan}, {"pin", pin}};
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    napi_value function;
    napi_create_function(env, functions[index].name, NAPI_AUTO_LENGTH, functions[index].call, NULL, &function);
    napi_set_named_property(env, exports, functions[index].name, function);
  }
  return exports;
}

NAPI_MODULE(floor, init)
