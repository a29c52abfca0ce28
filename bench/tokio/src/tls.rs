//! The servers by TLS. The environment's CERTIFICATE is the file of their certificate and key.

use crate::servers::{answer, listen};
use crate::Result;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::spawn;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

/// What agrees on TLS, with the certificate and key of a file, and on one of these protocols.
pub fn acceptor(file: &str, protocols: Vec<Vec<u8>>) -> Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(file)?.collect::<std::result::Result<_, _>>()?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(file)?)?;
    config.alpn_protocols = protocols;
    config.ticketer = tokio_rustls::rustls::crypto::ring::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Echoes what comes, or gives who comes a byte.
async fn converse(acceptor: TlsAcceptor, stream: TcpStream, greets: bool) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    if !greets {
        return answer::<{ 16 * 1024 }>(stream).await;
    }
    stream.write_all(b"a").await?;
    stream.shutdown().await
}

pub async fn serve(greets: bool) -> Result<()> {
    let acceptor = acceptor(&std::env::var("CERTIFICATE")?, vec![])?;
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        spawn(converse(acceptor.clone(), stream, greets));
    }
}
