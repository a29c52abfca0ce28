//! The servers of HTTP, on hyper. Where the environment's CERTIFICATE is a file they serve by TLS.

use crate::servers::listen;
use crate::site::Site;
use crate::{tls, Result};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn;

/// What has a body in one piece, or another.
pub type Answer = Response<Either<Full<Bytes>, UnsyncBoxBody<Bytes, std::io::Error>>>;

#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

pub fn reply(content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

pub fn say_hello() -> Answer {
    reply("text/plain", "hello, world!")
}

/// Answers what comes on one connection.
async fn converse<H, F>(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, version: Version, handler: H)
where
    H: Fn(Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = std::result::Result<Answer, Infallible>> + Send + 'static,
{
    let (stream, service) = (TokioIo::new(stream), service_fn(handler));
    // It ends as its client likes.
    let _ = match version {
        Version::One => http1::Builder::new().serve_connection(stream, service).await,
        Version::Two => http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await,
    };
}

async fn serve<H, F>(version: Version, handler: H) -> Result<()>
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = std::result::Result<Answer, Infallible>> + Send + 'static,
{
    let protocols = if version == Version::Two { vec![b"h2".to_vec()] } else { vec![] };
    let acceptor = std::env::var("CERTIFICATE").ok().map(|file| tls::acceptor(&file, protocols)).transpose()?;
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, handler) = (acceptor.clone(), handler.clone());
        spawn(async move {
            match acceptor {
                None => converse(stream, version, handler).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, version, handler).await
                    }
                }
            }
        });
    }
}

async fn hello(version: Version) -> Result<()> {
    serve(version, |_| async { Ok(say_hello()) }).await
}

async fn site(version: Version) -> Result<()> {
    let site = Arc::new(Site::new()?);
    serve(version, move |request| {
        let site = site.clone();
        async move { Ok(site.answer(request).await) }
    })
    .await
}

/// Serves what a row is about.
pub async fn run(row: &str) -> Result<()> {
    match row {
        "http" => hello(Version::One).await,
        "http2" => hello(Version::Two).await,
        "http_site" => site(Version::One).await,
        _ => site(Version::Two).await,
    }
}
