// Node in the rows of TCP echo and HTTP. Prints its port and serves until killed.
"use strict";

const fs = require("fs");

const certificate = process.env.CERTIFICATE && fs.readFileSync(process.env.CERTIFICATE);

// By TLS where the environment's CERTIFICATE is a file.
function serveHttp(handler) {
  return certificate
    ? require("https").createServer({ cert: certificate, key: certificate }, handler)
    : require("http").createServer(handler);
}

function serveHttp2(handler) {
  const http2 = require("http2");
  return certificate
    ? http2.createSecureServer({ cert: certificate, key: certificate }, handler)
    : http2.createServer(handler);
}

function hello(request, response) {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 13 });
  response.end("hello, world!");
}

const servers = {
  echo() {
    return require("net").createServer({ noDelay: true }, (socket) => {
      socket.on("data", (data) => socket.write(data));
      socket.on("error", () => socket.destroy());
    });
  },
  http: () => serveHttp(hello),
  http2: () => serveHttp2(hello),
  http_site() {
    const site = require("./site");
    return site.withEcho(serveHttp(site.answer));
  },
  http2_site: () => serveHttp2(require("./site").answer),
};

const server = servers[process.argv[2]]();
server.listen(0, "127.0.0.1", 1024, () => console.log("port", server.address().port));
