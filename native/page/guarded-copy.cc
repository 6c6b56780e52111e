#include "page/guarded-copy.h"

#include <stdlib.h>

extern "C" {
// Copies forward and returns the number of bytes that were not copied.
size_t vmarea_copy(void* target, const void* source, size_t length, vmarea::Fault* fault);
// Each returns 0, or 1 where the access faulted.
int vmarea_touch_read(uintptr_t address, vmarea::Fault* fault);
int vmarea_touch_write(uintptr_t address, vmarea::Fault* fault);
// Their accesses, and where each continues after a fault.
extern const char vmarea_copy_access[], vmarea_copy_bytes[], vmarea_copy_done[];
extern const char vmarea_touch_read_access[], vmarea_touch_write_access[], vmarea_touch_failed[];
}

#define LOCAL(name) ".globl " #name "\n.hidden " #name "\n"
#define FUNCTION(name) LOCAL(name) ".type " #name ", %function\n" #name ":\n"

#if defined(__x86_64__)

// Sixty-four bytes at a time, then `rep movsb`, which keeps its progress in the registers: after a fault rcx is the exact number of bytes
// left. A fault among the sixty-four continues there. `rep movsb` alone takes several times as long on many processors. r8 is the Fault to
// fill.
__asm__(
    ".text\n" LOCAL(vmarea_copy_access) LOCAL(vmarea_copy_bytes) LOCAL(vmarea_copy_done) LOCAL(vmarea_touch_read_access)
        LOCAL(vmarea_touch_write_access) LOCAL(vmarea_touch_failed)
    FUNCTION(vmarea_copy)
    "  mov %rcx, %r8\n"
    "  mov %rdx, %rcx\n"
    "vmarea_copy_access:\n"
    "  cmp $64, %rcx\n"
    "  jb vmarea_copy_bytes\n"
    "  movups (%rsi), %xmm0\n"
    "  movups 16(%rsi), %xmm1\n"
    "  movups 32(%rsi), %xmm2\n"
    "  movups 48(%rsi), %xmm3\n"
    "  movups %xmm0, (%rdi)\n"
    "  movups %xmm1, 16(%rdi)\n"
    "  movups %xmm2, 32(%rdi)\n"
    "  movups %xmm3, 48(%rdi)\n"
    "  add $64, %rsi\n"
    "  add $64, %rdi\n"
    "  sub $64, %rcx\n"
    "  jmp vmarea_copy_access\n"
    "vmarea_copy_bytes:\n"
    "  test %rcx, %rcx\n"
    "  jz vmarea_copy_done\n"
    "  rep movsb\n"
    "vmarea_copy_done:\n"
    "  mov %rcx, %rax\n"
    "  ret\n"
    FUNCTION(vmarea_touch_read)
    "  mov %rsi, %r8\n"
    "vmarea_touch_read_access:\n"
    "  movb (%rdi), %al\n"
    "  xor %eax, %eax\n"
    "  ret\n"
    FUNCTION(vmarea_touch_write)
    "  mov %rsi, %r8\n"
    "vmarea_touch_write_access:\n"
    "  lock orb $0, (%rdi)\n"
    "  xor %eax, %eax\n"
    "  ret\n"
    "vmarea_touch_failed:\n"
    "  mov $1, %eax\n"
    "  ret\n");

namespace {
void go_on_at(ucontext_t* context, const char* place) { context->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(place); }
vmarea::Fault* fault_to_fill(const ucontext_t* context) {
  return reinterpret_cast<vmarea::Fault*>(context->uc_mcontext.gregs[REG_R8]);
}
}  // namespace

#elif defined(__aarch64__)

// Sixteen bytes at a time, then one by one. A fault among the sixteen continues with single bytes, which finds the exact position.
// x8 is the Fault to fill.
__asm__(
    ".text\n" LOCAL(vmarea_copy_access) LOCAL(vmarea_copy_bytes) LOCAL(vmarea_copy_done) LOCAL(vmarea_touch_read_access)
        LOCAL(vmarea_touch_write_access) LOCAL(vmarea_touch_failed)
    FUNCTION(vmarea_copy)
    "  mov x8, x3\n"
    "vmarea_copy_access:\n"
    "  cmp x2, #16\n"
    "  b.lo vmarea_copy_bytes\n"
    "  ldp x4, x5, [x1]\n"
    "  stp x4, x5, [x0]\n"
    "  add x1, x1, #16\n"
    "  add x0, x0, #16\n"
    "  sub x2, x2, #16\n"
    "  b vmarea_copy_access\n"
    "vmarea_copy_bytes:\n"
    "  cbz x2, vmarea_copy_done\n"
    "  ldrb w4, [x1], #1\n"
    "  strb w4, [x0], #1\n"
    "  sub x2, x2, #1\n"
    "  b vmarea_copy_bytes\n"
    "vmarea_copy_done:\n"
    "  mov x0, x2\n"
    "  ret\n"
    FUNCTION(vmarea_touch_read)
    "  mov x8, x1\n"
    "vmarea_touch_read_access:\n"
    "  ldrb w1, [x0]\n"
    "  mov w0, #0\n"
    "  ret\n"
    FUNCTION(vmarea_touch_write)
    "  mov x8, x1\n"
    "1:\n"
    "vmarea_touch_write_access:\n"
    "  ldxrb w1, [x0]\n"
    "  stxrb w2, w1, [x0]\n"
    "  cbnz w2, 1b\n"
    "  mov w0, #0\n"
    "  ret\n"
    "vmarea_touch_failed:\n"
    "  mov w0, #1\n"
    "  ret\n");

namespace {
void go_on_at(ucontext_t* context, const char* place) { context->uc_mcontext.pc = reinterpret_cast<uintptr_t>(place); }
vmarea::Fault* fault_to_fill(const ucontext_t* context) {
  return reinterpret_cast<vmarea::Fault*>(context->uc_mcontext.regs[8]);
}
}  // namespace

#else
#error "vmarea: guarded copies are written for x86-64 and arm64"
#endif

namespace vmarea {

uintptr_t program_counter(const ucontext_t* context) {
#if defined(__x86_64__)
  return static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
#else
  return context->uc_mcontext.pc;
#endif
}

namespace {

bool between(uintptr_t place, const char* from, const char* to) {
  return place >= reinterpret_cast<uintptr_t>(from) && place < reinterpret_cast<uintptr_t>(to);
}

size_t copy_forward(void* target, const void* source, size_t length, Fault* fault) {
  return length - vmarea_copy(target, source, length, fault);
}

}  // namespace

size_t guarded_copy(void* target, const void* source, size_t length, Fault* fault) {
  uintptr_t to = reinterpret_cast<uintptr_t>(target);
  uintptr_t from = reinterpret_cast<uintptr_t>(source);
  if (to <= from || to >= from + length) return copy_forward(target, source, length, fault);
  // A forward copy to an overlapping higher address would repeat its first bytes.
  void* aside = malloc(length);
  if (aside == nullptr) return 0;
  size_t read = copy_forward(aside, source, length, fault);
  size_t written = copy_forward(target, aside, read, fault);
  free(aside);
  return written;
}

bool guarded_touch(uintptr_t address, bool write) {
  Fault ignored;
  return (write ? vmarea_touch_write(address, &ignored) : vmarea_touch_read(address, &ignored)) == 0;
}

bool leave_guarded_access(ucontext_t* context, const Fault& fault) {
  uintptr_t place = program_counter(context);
  const char* next = nullptr;
  if (between(place, vmarea_copy_access, vmarea_copy_bytes)) next = vmarea_copy_bytes;
  if (between(place, vmarea_copy_bytes, vmarea_copy_done)) next = vmarea_copy_done;
  if (between(place, vmarea_touch_read_access, vmarea_touch_read_access + 4)) next = vmarea_touch_failed;
  if (between(place, vmarea_touch_write_access, vmarea_touch_write_access + 8)) next = vmarea_touch_failed;
  if (next == nullptr) return false;
  *fault_to_fill(context) = fault;
  go_on_at(context, next);
  return true;
}

}  // namespace vmarea
