// The monitor jumps here with interrupts off, in 64-bit mode.
.section .text.start
.globl _start
_start:
  cli
  mov $kernel_stack_top, %rsp
  call set_up
1: jmp 1b

// enter_user(function, stack): goes to ring 3 and never comes back. Interrupts stay off, and ports are open (IOPL 3).
.globl enter_user
enter_user:
  pushq $0x1b
  pushq %rsi
  pushq $0x3002
  pushq $0x23
  pushq %rdi
  iretq

.section .note.GNU-stack,"",@progbits
