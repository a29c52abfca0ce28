// Node in the rows of TCP echo and HTTP. Prints its port and serves until killed.
"use strict";

const servers = {
  echo() {
    return require("net").createServer({ noDelay: true }, (socket) => {
      socket.on("data", (data) => socket.write(data));
      socket.on("error", () => socket.destroy());
    });
  },
  http() {
    return require("http").createServer((request, response) => {
      response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 13 });
      response.end("hello, world!");
    });
  },
};

const server = servers[process.argv[2]]();
server.listen(0, "127.0.0.1", 1024, () => console.log("port", server.address().port));
