//! The servers, which print their port and serve until killed.

use crate::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::spawn;

pub async fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("port {}", listener.local_addr()?.port());
    Ok(listener)
}

pub async fn answer<const ROOM: usize>(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut buffer = [0; ROOM];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n]).await?;
    }
}

pub async fn echo() -> Result<()> {
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        spawn(answer::<4096>(stream));
    }
}

pub async fn udp_echo() -> Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    println!("port {}", socket.local_addr()?.port());
    let mut buffer = [0; 2048];
    loop {
        let (n, peer) = socket.recv_from(&mut buffer).await?;
        // What there is no room for is lost: it is UDP.
        let _ = socket.send_to(&buffer[..n], peer).await;
    }
}
