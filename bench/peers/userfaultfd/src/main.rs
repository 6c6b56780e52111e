//! `fault ROUNDS PAGES CPU`: p50 and p99 of a missing fault that a thread on that CPU answers with copy, in microseconds. The thread waits in
//! read(2), from which nothing but a fault returns; `polled ROUNDS PAGES CPU`: in poll(2) before each read, as a handler that can be ended.
//! `copy TOTAL SIZE ROUNDS`: the median of microseconds a call.
use std::{env, ffi::c_void, os::fd::AsRawFd, ptr, thread, time::Instant};
use userfaultfd::{Event, Uffd, UffdBuilder};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |index: usize| arguments[index].parse::<usize>().unwrap();
    match arguments[0].as_str() {
        "fault" => fault(number(1), number(2), number(3), false),
        "polled" => fault(number(1), number(2), number(3), true),
        "copy" => copy(number(1), number(2), number(3)),
        other => panic!("no work is called {other}"),
    }
}

fn map(length: usize) -> *mut c_void {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let place = unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    assert!(place != libc::MAP_FAILED);
    unsafe { libc::madvise(place, length, libc::MADV_NOHUGEPAGE) };
    place
}

fn pin(cpu: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, std::mem::size_of::<libc::cpu_set_t>(), &set);
    }
}

fn open(non_blocking: bool) -> Uffd {
    UffdBuilder::new().close_on_exec(true).non_blocking(non_blocking).user_mode_only(false).create().unwrap()
}

fn fault(rounds: usize, pages: usize, cpu: usize, polls: bool) {
    let uffd = open(polls);
    let memory = map(pages * 4096);
    uffd.register(memory, pages * 4096).unwrap();
    thread::spawn(move || {
        pin(cpu);
        let page = map(4096);
        unsafe { ptr::write_bytes(page as *mut u8, 7, 4096) };
        loop {
            if polls {
                let mut waiting = libc::pollfd { fd: uffd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
                unsafe { libc::poll(&mut waiting, 1, 100) };
            }
            if let Some(Event::Pagefault { addr, .. }) = uffd.read_event().unwrap() {
                let address = (addr as usize & !4095) as *mut c_void;
                unsafe { uffd.copy(page, address, 4096, true).unwrap() };
            }
        }
    });
    pin(0);
    let mut times = Vec::new();
    for round in 0..rounds + 24 {
        for index in 0..pages {
            let before = Instant::now();
            unsafe { ptr::read_volatile((memory as *const u8).add(index * 4096)) };
            if round >= 24 {
                times.push(before.elapsed().as_nanos() as f64 / 1000.0);
            }
        }
        unsafe { libc::madvise(memory, pages * 4096, libc::MADV_DONTNEED) };
    }
    times.sort_by(|one, other| one.total_cmp(other));
    println!("{} {}", times[times.len() / 2], times[times.len() * 99 / 100]);
}

fn copy(total: usize, size: usize, rounds: usize) {
    let uffd = open(true);
    let memory = map(total);
    let source = map(size);
    unsafe { ptr::write_bytes(source as *mut u8, 7, size) };
    uffd.register(memory, total).unwrap();
    let mut times = Vec::new();
    for _ in 0..rounds + 2 {
        unsafe { libc::madvise(memory, total, libc::MADV_DONTNEED) };
        let before = Instant::now();
        for index in 0..total / size {
            unsafe { uffd.copy(source, (memory as *mut u8).add(index * size) as *mut c_void, size, true).unwrap() };
        }
        times.push(before.elapsed().as_nanos() as f64 / 1000.0 / (total / size) as f64);
    }
    let counted = &mut times[2..];
    counted.sort_by(|one, other| one.total_cmp(other));
    println!("{}", counted[counted.len() / 2]);
}
