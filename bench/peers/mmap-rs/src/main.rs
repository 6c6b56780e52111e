//! What the crate mmap-rs takes for the work that `bench/mapping` measures. Prints one figure.
use mmap_rs::MmapOptions;
use std::fs::File;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments[1].as_str() {
        "map-touch-unmap" => map_touch_unmap(arguments[2].parse().unwrap()),
        "sum" => sum(&arguments[2]),
        "query" => query(&arguments[2..]),
        other => panic!("no benchmark {other}"),
    }
}

/// Nanoseconds a round.
fn map_touch_unmap(rounds: u64) {
    let started = Instant::now();
    for _ in 0..rounds {
        let mut page = MmapOptions::new(4096).unwrap().map_mut().unwrap();
        unsafe { std::ptr::write_volatile(page.as_mut_ptr(), 1) };
    }
    println!("{}", started.elapsed().as_nanos() as f64 / rounds as f64);
}

/// Milliseconds.
fn sum(path: &str) {
    let file = File::open(path).unwrap();
    let length = file.metadata().unwrap().len() as usize;
    let mapping = unsafe { MmapOptions::new(length).unwrap().with_file(&file, 0) };
    let mapping = mapping.with_flags(mmap_rs::MmapFlags::POPULATE).map().unwrap();
    let started = Instant::now();
    let total: u64 = mapping.as_slice().iter().map(|&byte| u64::from(byte)).sum();
    let milliseconds = started.elapsed().as_nanos() as f64 / 1e6;
    println!("{milliseconds} {total}");
}

/// Nanoseconds a query in another process: pid, the first address, the stride, how many places, how many queries.
fn query(arguments: &[String]) {
    let number = |index: usize| arguments[index].parse::<usize>().unwrap();
    let (pid, first, stride, places, queries) = (number(0), number(1), number(2), number(3), number(4));
    let started = Instant::now();
    for index in 0..queries {
        let address = first + index * 7919 % places * stride;
        let area = mmap_rs::MemoryAreas::query_process(Some(pid as u32), address).unwrap();
        assert!(area.is_some(), "nothing at {address:x}");
    }
    println!("{}", started.elapsed().as_nanos() as f64 / queries as f64);
}
