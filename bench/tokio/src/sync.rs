//! The rows of queues and locks.

use crate::{each, Result};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, Mutex};
use tokio::task::{spawn, yield_now};

/// Sends numbers through a channel with 128 slots.
pub async fn queue_item() -> Result<()> {
    const ITEMS: usize = 5_000_000;
    let (sender, mut receiver) = mpsc::channel(128);
    let (start, mut sum) = (Instant::now(), 0);
    let producer = spawn(async move {
        for i in 1..=ITEMS {
            sender.send(i).await.expect("the receiver is there");
        }
    });
    while let Some(item) = receiver.recv().await {
        sum += item;
    }
    producer.await?;
    each("queue_item", start.elapsed(), ITEMS);
    assert_eq!(sum, ITEMS * (ITEMS + 1) / 2);
    Ok(())
}

/// One of two that pass a number to and fro, and count the passes in it.
async fn play(mut inwards: mpsc::Receiver<usize>, outwards: mpsc::Sender<usize>, times: usize) -> usize {
    let mut last = 0;
    for _ in 0..times {
        last = inwards.recv().await.expect("the other plays") + 1;
        // The other may have had its last.
        let _ = outwards.send(last).await;
    }
    last
}

/// The smallest channel has one slot.
pub async fn channel_round_trip() -> Result<()> {
    const ROUND_TRIPS: usize = 1_000_000;
    let (there, at_there) = mpsc::channel(1);
    let (back, at_back) = mpsc::channel(1);
    there.send(0).await?;
    let start = Instant::now();
    let one = spawn(play(at_there, back, ROUND_TRIPS));
    let other = spawn(play(at_back, there, ROUND_TRIPS));
    one.await?;
    let passes = other.await?;
    each("channel_round_trip", start.elapsed(), ROUND_TRIPS);
    assert_eq!(passes, 2 * ROUND_TRIPS);
    Ok(())
}

pub async fn lock_pair() -> Result<()> {
    const PAIRS: usize = 20_000_000;
    let lock = Mutex::new(());
    let start = Instant::now();
    for _ in 0..PAIRS {
        drop(lock.lock().await);
    }
    each("lock_pair", start.elapsed(), PAIRS);
    Ok(())
}

/// While one task holds the lock the other waits for it, so that each release hands it over.
pub async fn lock_handover() -> Result<()> {
    const HANDOVERS: usize = 5_000_000;
    let lock = Arc::new(Mutex::new(()));
    let held = lock.clone().lock_owned().await;
    let start = Instant::now();
    let tasks = [lock.clone(), lock].map(|lock| {
        spawn(async move {
            for _ in 0..HANDOVERS / 2 {
                drop(lock.lock().await);
            }
        })
    });
    yield_now().await; // both stand in line when it is released for the first time
    drop(held);
    for task in tasks {
        task.await?;
    }
    each("lock_handover", start.elapsed(), HANDOVERS);
    Ok(())
}
