//! The pages that eddy_http_site.c describes, but for its WebSocket.

use crate::http::{reply, say_hello, Answer};
use crate::Result;
use futures_util::stream;
use http_body_util::{BodyExt, Either, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Method, Request, Response};
use matchit::{Params, Router};
use serde::Serialize;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt;
use tower_http::services::ServeDir;

const RESOURCES: usize = 250;
static PIECE: [u8; 64 * 1024] = [0; 64 * 1024];

enum Page {
    Json,
    Size,
    Stream,
    Files,
    Resource,
    Part,
}

pub struct Site {
    gets: Router<Page>,
    posts: Router<Page>,
    files: ServeDir,
}

#[derive(Serialize)]
struct User {
    id: usize,
    name: String,
    email: String,
    active: bool,
    score: f64,
    tags: Vec<&'static str>,
}

#[derive(Serialize)]
struct Users {
    request: usize,
    users: Vec<User>,
}

fn show_json() -> Answer {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let users = (1000..1009).map(|id| User {
        id,
        name: format!("user {id}"),
        email: format!("user{id}@example.org"),
        active: id % 2 == 1,
        score: id as f64 + 0.5,
        tags: vec!["reader", "writer"],
    });
    let page = Users { request: ASKED.fetch_add(1, Ordering::Relaxed) + 1, users: users.collect() };
    reply("application/json", serde_json::to_vec(&page).expect("it can be written"))
}

async fn tell_size(mut body: Incoming) -> Answer {
    let mut size = 0;
    while let Some(Ok(frame)) = body.frame().await {
        size += frame.data_ref().map_or(0, Bytes::len);
    }
    reply("text/plain", size.to_string())
}

fn stream(parameters: &Params) -> Answer {
    let size: usize = parameters.get("bytes").and_then(|text| text.parse().ok()).unwrap_or(0);
    let pieces = (0..size).step_by(PIECE.len()).map(move |at| {
        let piece = Bytes::from_static(&PIECE[..PIECE.len().min(size - at)]);
        Ok(Frame::data(piece))
    });
    Response::new(Either::Right(StreamBody::new(stream::iter(pieces)).boxed_unsync()))
}

fn not_found() -> Answer {
    let mut answer = reply("text/plain", "not found");
    *answer.status_mut() = hyper::StatusCode::NOT_FOUND;
    answer
}

impl Site {
    pub fn new() -> Result<Self> {
        let (mut gets, mut posts) = (Router::new(), Router::new());
        gets.insert("/json", Page::Json)?;
        posts.insert("/size", Page::Size)?;
        gets.insert("/stream/{bytes}", Page::Stream)?;
        gets.insert("/files/{*path}", Page::Files)?;
        for i in 0..RESOURCES {
            gets.insert(format!("/resource{i}"), Page::Resource)?;
            gets.insert(format!("/resource{i}/{{id}}/parts/{{part}}"), Page::Part)?;
        }
        Ok(Site { gets, posts, files: ServeDir::new(std::env::var("SITE").unwrap_or_default()) })
    }

    async fn show_file(&self, request: Request<Incoming>) -> Answer {
        let answer = self.files.clone().oneshot(request).await.expect("it cannot fail");
        answer.map(|body| Either::Right(body.boxed_unsync()))
    }

    pub async fn answer(&self, request: Request<Incoming>) -> Answer {
        let pages = if request.method() == Method::POST { &self.posts } else { &self.gets };
        let Ok(found) = pages.at(request.uri().path()) else {
            return not_found();
        };
        match found.value {
            Page::Json => show_json(),
            Page::Stream => stream(&found.params),
            Page::Resource => say_hello(),
            Page::Part => reply("text/plain", found.params.get("part").unwrap_or_default().to_owned()),
            Page::Size => tell_size(request.into_body()).await,
            Page::Files => self.show_file(request).await,
        }
    }
}
