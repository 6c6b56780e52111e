// The floor of devices: a C thread that serves a memory file the same way, memcpy into its own map and UFFDIO_CONTINUE in the program's.
#include "../floor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

struct api { uint64_t api, features, ioctls; };
struct registration { uint64_t start, length, mode, ioctls; };
struct resume { uint64_t start, length, mode; int64_t mapped; };
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
} device;

static void resolve(uint64_t address) {
  size_t offset = (address - (uintptr_t)device.program) & ~(size_t)4095;
  size_t run = device.length - offset < device.run ? device.length - offset : device.run;
  memcpy(device.driver + offset, device.source + offset % (1 << 20), run);
  struct resume resume = {(uintptr_t)device.program + offset, run, 0, 0};
  ioctl(device.descriptor, CONTINUE, &resume);
}

static void *serve(void *unused) {
  (void)unused;
  serve_faults(device.descriptor, device.cpu, resolve);
  return NULL;
}

// (length, run, cpu or -1): the address where the program sees the device, or -1
static napi_value open_device(napi_env env, napi_callback_info info) {
  double values[3] = {0, 0, -1};
  numbers_of(env, info, values, 3);
  device.length = (size_t)values[0];
  device.run = (size_t)values[1];
  device.cpu = (int)values[2];
  device.file = (int)syscall(SYS_memfd_create, "floor", MFD_CLOEXEC);
  if (ftruncate(device.file, (off_t)device.length) != 0) return answer(env, -1);
  device.program = mmap(NULL, device.length, PROT_READ, MAP_SHARED, device.file, 0);
  device.driver = mmap(NULL, device.length, PROT_READ | PROT_WRITE, MAP_SHARED, device.file, 0);
  // The source of the copies stays in the cache, as that of the driver under test does.
  device.source = malloc((1 << 20) + device.run);
  memset(device.source, 7, (1 << 20) + device.run);
  device.descriptor = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  // The program's map must allow writing to be registered as a shared one.
  struct api api = {0xaa, MISSING_SHMEM | MINOR_SHMEM, 0};
  struct registration registration = {(uintptr_t)device.program, device.length, 1 | 4, 0};
  if (ioctl(device.descriptor, API, &api) != 0 || ioctl(device.descriptor, REGISTER, &registration) != 0) return answer(env, -1);
  running = 1;
  pthread_create(&device.thread, NULL, serve, NULL);
  return answer(env, (double)(uintptr_t)device.program);
}

static napi_value close_device(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  pthread_join(device.thread, NULL);
  munmap(device.program, device.length);
  munmap(device.driver, device.length);
  free(device.source);
  close(device.descriptor);
  close(device.file);
  return answer(env, 0);
}

// (address, length): the nanoseconds to read a word of every cache line, in order
static napi_value scan(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  const volatile uint64_t *memory = (const volatile uint64_t *)(uintptr_t)values[0];
  uint64_t before = now(), sum = 0;
  for (size_t index = 0; index < (size_t)values[1] / 8; index += 8) sum += memory[index];
  uint64_t after = now();
  return answer(env, (double)(after - before) + (sum == 1 ? 1 : 0));
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct function functions[] = {{"open", open_device}, {"close", close_device}, {"touch", touch}, {"scan", scan}, {"pin", pin}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(floor, init)
