#include "play/serve-calls.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <new>
#include <initializer_list>

#include "page/newer-kernel.h"
#include "play/message.h"
#include "userfaultfd/userfaultfd-interface.h"

// Older C libraries do not define them.
extern "C" pid_t _Fork() __attribute__((weak));

namespace vmarea::play {
namespace {

// The order is that of `PLAY_SYSTEM_CALLS` in `src/linux/play/served-process.ts`.
constexpr long kCalls[] = {
    SYS_mmap,  SYS_munmap,     SYS_mprotect,     SYS_mremap,    SYS_madvise,  SYS_mlock, SYS_munlock,     SYS_mlockall, SYS_munlockall,
    SYS_mseal, SYS_memfd_create, SYS_ftruncate,  SYS_pwrite64,  SYS_close,    SYS_userfaultfd, SYS_ioctl, SYS_read,
};
constexpr int64_t kCallCount = sizeof kCalls / sizeof kCalls[0];
constexpr size_t kStack = 256 << 10;

int connection = -1;

// A request and the thread that carries it out.
struct Operation {
  pthread_t thread;
  std::atomic<bool> ends{false};  // set last: after it the thread only ends
  Operation* next = nullptr;
  Request request;
  Answer answer;
  sigjmp_buf back;
  uint64_t target;
};
__thread Operation* current = nullptr;

void send_answer(const Answer& answer) {
  if (send(connection, &answer, sizeof answer, MSG_NOSIGNAL) < 0) _exit(1);
}

// A step trap before the first instruction at the target goes on; the next one has executed it.
bool is_before_jump(int number, void* context) {
#if defined(__x86_64__)
  return number == SIGTRAP && static_cast<uint64_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]) == current->target;
#else
  (void)number, (void)context;
  return false;
#endif
}

void on_signal(int number, siginfo_t* info, void* context) {
  // The signal is of no access of the program: this process is broken. The viewer sees the end of the socket.
  if (current == nullptr) _exit(2);
  if (is_before_jump(number, context)) return;
  if (number != SIGTRAP) {
    current->answer.signal = static_cast<uint64_t>(number);
    current->answer.code = static_cast<uint64_t>(info->si_code);
    current->answer.address = reinterpret_cast<uint64_t>(info->si_addr);
  }
  siglongjmp(current->back, 1);
}

void handle_signals() {
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  for (int number : {SIGSEGV, SIGBUS, SIGTRAP, SIGILL, SIGFPE}) sigaction(number, &action, nullptr);
}

int64_t jump(Operation* operation) {
#if defined(__x86_64__)
  // Executes one instruction, with registers that make no system call and reach no memory but the operation's own.
  __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n jmp *%1\n"
                   :
                   : "a"(operation->request.bytes), "r"(operation->target)
                   : "memory", "cc", "rdx");
  return 0;
#else
  (void)operation;
  return -ENOSYS;
#endif
}

int64_t system_call(Request* request) {
  if (request->call < 0 || request->call >= kCallCount) return -ENOSYS;
  uint64_t* given = request->arguments;
  if (request->pointer >= 0 && request->pointer < 6) given[request->pointer] = reinterpret_cast<uint64_t>(request->bytes);
  long number = kCalls[request->call];
  if (number == SYS_ioctl && given[1] == uffd::kCopy) {
    uint64_t source = reinterpret_cast<uint64_t>(request->bytes + kPayload);
    memcpy(request->bytes + offsetof(uffd::UffdCopy, source), &source, sizeof source);
  }
  long result = syscall(number, given[0], given[1], given[2], given[3], given[4], given[5]);
  return result == -1 ? -errno : result;
}

int64_t act(Operation* operation) {
  Request* request = &operation->request;
  if (request->kind == kSystemCall) return system_call(request);
  volatile uint8_t* byte = reinterpret_cast<volatile uint8_t*>(request->arguments[0]);
  operation->target = request->arguments[0];
  if (sigsetjmp(operation->back, 1) != 0) return 0;
  current = operation;
  if (request->kind == kLoad) return *byte;
  if (request->kind == kJump) return jump(operation);
  *byte = static_cast<uint8_t>(request->arguments[1]);
  return 0;
}

void* run(void* data) {
  Operation* operation = static_cast<Operation*>(data);
  Answer started = {};
  started.id = operation->answer.id;
  started.kind = kStarted;
  started.result = syscall(SYS_gettid);
  send_answer(started);
  operation->answer.kind = kDone;
  operation->answer.result = act(operation);
  current = nullptr;
  memcpy(operation->answer.bytes, operation->request.bytes, kPayload);
  operation->ends = true;
  send_answer(operation->answer);
  return nullptr;
}

// Joins the threads that have ended. The others wait for a userfaultfd and hold no lock of the C library, so that a forked child can run.
void join_finished(Operation** first) {
  for (Operation** place = first; *place != nullptr;) {
    Operation* operation = *place;
    if (!operation->ends) {
      place = &operation->next;
      continue;
    }
    pthread_join(operation->thread, nullptr);
    *place = operation->next;
    delete operation;
  }
}

// fork(2) without the handlers that Node has registered: they close descriptors by number, and here the numbers are the program's.
pid_t fork_alone() {
  if (_Fork != nullptr) return _Fork();
  return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

// Sends the parent's end of the child's socket with the child's number.
void fork_process(uint64_t id) {
  int pair[2];
  Answer answer = {};
  answer.id = id;
  answer.kind = kForked;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    answer.result = -errno;
    return send_answer(answer);
  }
  pid_t child = fork_alone();
  if (child == 0) {
    close(connection);
    close(pair[0]);
    connection = pair[1];
    return;
  }
  answer.result = child < 0 ? -errno : child;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec vector = {&answer, sizeof answer};
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &pair[0], sizeof(int));
  if (sendmsg(connection, &message, MSG_NOSIGNAL) < 0) _exit(1);
  close(pair[0]);
  close(pair[1]);
}

}  // namespace

void serve_calls(int socket) {
  connection = socket;
  handle_signals();
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  Operation* operations = nullptr;
  for (;;) {
    Operation* operation = new (std::nothrow) Operation();
    if (operation == nullptr) _exit(3);
    ssize_t length = recv(connection, &operation->request, sizeof operation->request, 0);
    if (length < static_cast<ssize_t>(offsetof(Request, bytes))) _exit(0);
    join_finished(&operations);
    operation->answer.id = operation->request.id;
    if (operation->request.kind == kFork) {
      fork_process(operation->request.id);
      delete operation;
      continue;
    }
    if (pthread_create(&operation->thread, &attributes, run, operation) != 0) _exit(4);
    operation->next = operations;
    operations = operation;
  }
}

}  // namespace vmarea::play
