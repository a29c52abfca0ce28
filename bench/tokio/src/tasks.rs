//! The rows of tasks.

use crate::{each, figure, Result};
use std::time::{Duration, Instant};
use tokio::task::{spawn, spawn_blocking, yield_now, JoinHandle};

/// Has `count` tasks take turns while the main one waits.
pub async fn yield_among(row: &str, count: usize) -> Result<()> {
    const YIELDS: usize = 5_000_000;
    let times = YIELDS / count;
    let start = Instant::now();
    let tasks: Vec<JoinHandle<()>> = (0..count)
        .map(|_| {
            spawn(async move {
                for _ in 0..times {
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    each(row, start.elapsed(), times * count);
    Ok(())
}

pub async fn spawn_await() -> Result<()> {
    const SPAWNS: usize = 1_000_000;
    let (start, mut sum) = (Instant::now(), 0);
    for _ in 0..SPAWNS {
        sum += spawn(async { 1 }).await?;
    }
    each("spawn_await", start.elapsed(), sum);
    Ok(())
}

/// Creates `size` tasks, then waits for all of them; `rounds` times.
pub async fn spawn_burst(row: &str, size: usize, rounds: usize) -> Result<()> {
    let (start, mut sum) = (Instant::now(), 0);
    for _ in 0..rounds {
        let tasks: Vec<JoinHandle<usize>> = (0..size).map(|_| spawn(async { 1 })).collect();
        for task in tasks {
            sum += task.await?;
        }
    }
    each(row, start.elapsed(), sum);
    Ok(())
}

/// This process's resident bytes and page tables.
fn memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = |name: &str| -> f64 {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
            .unwrap_or(0.0)
    };
    Ok((kib("VmRSS:") + kib("VmPTE:")) * 1024.0)
}

/// Has a million tasks sleep at once, 3 s each.
pub async fn sleepers() -> Result<()> {
    const COUNT: usize = 1_000_000;
    let (before, start) = (memory()?, Instant::now());
    let tasks: Vec<JoinHandle<()>> =
        (0..COUNT).map(|_| spawn(tokio::time::sleep(Duration::from_secs(3)))).collect();
    yield_now().await;
    let mut asleep = tokio::spawn(async { memory().map_err(|error| error.to_string()) }).await??;
    asleep -= before;
    for task in tasks {
        task.await?;
    }
    figure("sleepers_wall", start.elapsed().as_secs_f64(), "s");
    figure("sleepers_bytes", asleep / COUNT as f64, "B");
    Ok(())
}

/// Has a helper thread call a function, and waits for what it returns.
pub async fn to_thread() -> Result<()> {
    const CALLS: usize = 30_000;
    let start = Instant::now();
    for _ in 0..CALLS {
        spawn_blocking(|| 0).await?;
    }
    each("to_thread", start.elapsed(), CALLS);
    Ok(())
}
