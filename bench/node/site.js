// The pages that eddy_http_site.c describes.
"use strict";

const router = require("find-my-way")();
const send = require("send");
const { WebSocketServer } = require("ws");

const RESOURCES = 250;
const piece = Buffer.alloc(64 * 1024);
let asked = 0;

function reply(response, text, type = "text/plain") {
  response.writeHead(200, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

function showJson(request, response) {
  const users = [];
  for (let id = 1000; id < 1009; id++) {
    users.push({
      id,
      name: `user ${id}`,
      email: `user${id}@example.org`,
      active: id % 2 === 1,
      score: id + 0.5,
      tags: ["reader", "writer"],
    });
  }
  reply(response, JSON.stringify({ request: ++asked, users }), "application/json");
}

function tellSize(request, response) {
  let size = 0;
  request.on("data", (data) => (size += data.length));
  request.on("end", () => reply(response, String(size)));
}

function stream(request, response, { bytes }) {
  let left = Number(bytes);
  response.writeHead(200, { "Content-Type": "application/octet-stream" });
  function write() {
    while (left > 0) {
      const next = left < piece.length ? piece.subarray(0, left) : piece;
      left -= next.length;
      if (!response.write(next)) {
        response.once("drain", write);
        return;
      }
    }
    response.end();
  }
  write();
}

router.on("GET", "/json", showJson);
router.on("POST", "/size", tellSize);
router.on("GET", "/stream/:bytes", stream);
router.on("GET", "/files/*", (request, response, parameters) =>
  send(request, parameters["*"], { root: `${process.env.SITE}/files` }).pipe(response));
for (let i = 0; i < RESOURCES; i++) {
  router.on("GET", `/resource${i}`, (request, response) => reply(response, "hello, world!"));
  router.on("GET", `/resource${i}/:id/parts/:part`, (request, response, { part }) => reply(response, part));
}

exports.answer = (request, response) => router.lookup(request, response);

// A WebSocket that sends back what comes.
exports.withEcho = (server) => {
  const sockets = new WebSocketServer({ server, path: "/echo" });
  sockets.on("connection", (socket) =>
    socket.on("message", (message, binary) => socket.send(message, { binary })));
  return server;
};
