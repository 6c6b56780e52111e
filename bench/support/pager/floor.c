// The floor of faults through the guard: the same system calls in C. A signal handler wakes a thread and waits for it; the thread shows the
// page, as markers or permissions hid it, and wakes the handler.
#include "../floor.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

// Older headers lack them.
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103

// One server at a time, and one thread that touches.
static struct {
  void *memory;
  size_t length;
  int cpu, markers;
  pthread_t thread;
  uintptr_t page;
  _Atomic uint32_t asked, turn;
} server;

static void wait_on(_Atomic uint32_t *word, uint32_t value, const struct timespec *time) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, time, NULL, 0);
}

static void wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  struct timespec step = {0, 100000000};
  server.page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;
  server.asked = 1;
  server.turn++;
  wake(&server.turn);
  while (server.asked) wait_on(&server.asked, 1, &step);
}

static void *serve(void *unused) {
  (void)unused;
  struct timespec step = {0, 1000000};
  pin_to(server.cpu);
  while (running) {
    uint32_t turn = server.turn;
    if (!server.asked) {
      wait_on(&server.turn, turn, &step);
      continue;
    }
    if (server.markers) madvise((void *)server.page, 4096, GUARD_REMOVE);
    else mprotect((void *)server.page, 4096, PROT_READ | PROT_WRITE);
    server.asked = 0;
    wake(&server.asked);
  }
  return NULL;
}

// (length, cpu, whether by markers): the address of memory whose pages are all in their file and hidden, or -1
static napi_value open_hidden(napi_env env, napi_callback_info info) {
  double values[3] = {0};
  numbers_of(env, info, values, 3);
  server.length = (size_t)values[0];
  server.cpu = (int)values[1];
  server.markers = values[2] != 0;
  server.memory = mmap(NULL, server.length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  int hidden = server.markers ? madvise(server.memory, server.length, GUARD_INSTALL) : mprotect(server.memory, server.length, PROT_NONE);
  if (hidden != 0) return answer(env, -1);
  running = 1;
  pthread_create(&server.thread, NULL, serve, NULL);
  return answer(env, (double)(uintptr_t)server.memory);
}

static napi_value close_hidden(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  pthread_join(server.thread, NULL);
  munmap(server.memory, server.length);
  return answer(env, 0);
}

// As touch(), with the handler above for as long.
static napi_value touch_hidden(napi_env env, napi_callback_info info) {
  struct sigaction ours = {0}, before;
  ours.sa_sigaction = on_fault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  sigaction(SIGSEGV, &ours, &before);
  napi_value sum = touch(env, info);
  sigaction(SIGSEGV, &before, NULL);
  return sum;
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct function functions[] = {{"open", open_hidden}, {"close", close_hidden}, {"touch", touch_hidden}, {"pin", pin}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(floor, init)
