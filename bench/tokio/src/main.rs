//! tokio's contestant in eddy's benchmark: it runs the rows that its arguments name, each on the faster of the
//! two runtimes that tokio has.

#[cfg(feature = "http")]
mod http;
mod servers;
#[cfg(feature = "http")]
mod site;
mod sync;
mod tasks;
#[cfg(feature = "tls")]
mod tls;

use std::future::Future;
use std::time::Duration;
use tokio::runtime::Builder;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn figure(row: &str, value: f64, unit: &str) {
    println!("{row} {value:.4} {unit}");
}

/// Prints what `count` repetitions cost each.
fn each(row: &str, spent: Duration, count: usize) {
    figure(row, spent.as_nanos() as f64 / count as f64, "ns");
}

/// The runtime of one thread, the faster one in most rows.
fn run(future: impl Future<Output = Result<()>>) -> Result<()> {
    Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// A runtime of workers, of which there is one.
fn run_in_worker(future: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    // The thread that blocks is none of them.
    runtime.block_on(runtime.spawn(future))?
}

fn main() -> Result<()> {
    for row in std::env::args().skip(1) {
        match row.as_str() {
            "yield" => run(tasks::yield_among("yield", 2))?,
            "yield_64" => run(tasks::yield_among("yield_64", 64))?,
            "spawn_await" => run_in_worker(tasks::spawn_await())?,
            "spawn_burst" => run(tasks::spawn_burst("spawn_burst", 1_000_000, 1))?,
            "spawn_burst_1000" => run(tasks::spawn_burst("spawn_burst_1000", 1000, 1000))?,
            "sleepers" => run(tasks::sleepers())?,
            "to_thread" => run(tasks::to_thread())?,
            "queue_item" => run(sync::queue_item())?,
            "channel_round_trip" => run(sync::channel_round_trip())?,
            "lock_pair" => run(sync::lock_pair())?,
            "lock_handover" => run(sync::lock_handover())?,
            "echo" => run(servers::echo())?,
            "udp_echo" => run(servers::udp_echo())?,
            #[cfg(feature = "http")]
            "http" | "http2" | "http_site" | "http2_site" => run(http::run(row.as_str()))?,
            #[cfg(not(feature = "http"))]
            "http" | "http2" | "http_site" | "http2_site" => {
                eprintln!("needs hyper 1 and others from crates.io");
                std::process::exit(77);
            }
            #[cfg(feature = "tls")]
            "tls_echo" => run(tls::serve(false))?,
            #[cfg(feature = "tls")]
            "tls_greet" => run(tls::serve(true))?,
            #[cfg(not(feature = "tls"))]
            "tls_echo" | "tls_greet" => {
                eprintln!("needs tokio-rustls from crates.io");
                std::process::exit(77);
            }
            _ => return Err(format!("no such row: {row}").into()),
        }
    }
    Ok(())
}
