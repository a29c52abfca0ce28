// What our client is tried on: Node's server. Started by test_client_node.py as server.mjs PLACE, it writes its ports on a line: plain
// HTTP/1.1, TLS with HTTP/2 and 1.1, and HTTP/2 in the clear.
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import path from 'node:path';
import zlib from 'node:zlib';

const place = process.argv[2];
const big = path.join(place, 'files/big.bin');
const text = fs.readFileSync(path.join(place, 'files/text.txt'));
const asked = new Map();

async function whole(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// Fields of a form as fetch's Response takes them apart.
async function tellForm(request, response) {
  const body = await whole(request);
  const form = await new Response(body, { headers: { 'Content-Type': request.headers['content-type'] } }).formData();
  for (const [name, value] of form) {
    if (typeof value === 'string') response.write(`${name}=${value}\n`);
    else {
      const bytes = Buffer.from(await value.arrayBuffer());
      response.write(`${name}: ${value.name}, ${bytes.length}, ${crc32(bytes)}\n`);
    }
  }
  response.end();
}

function who(request) {
  const socket = request.stream?.session.socket ?? request.socket;
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

function count(request, response) {
  let from = 0;
  (function more() {
    while (from < 20000) {
      let piece = '';
      for (const to = from + 1000; from < to; from++) piece += `${from}\n`;
      if (!response.write(piece)) return response.once('drain', more);
    }
    response.end();
  })();
}

function cut(request, response) {
  response.writeHead(200, { 'Content-Length': 100 });
  response.write('0123456789', () => setImmediate(() => (request.stream ? request.stream.close(2) : request.socket.destroy())));
}

function answerAtLast(request, response) {
  const n = (asked.get(request.url) ?? 0) + 1;
  asked.set(request.url, n);
  if (n < 3) response.writeHead(503, { 'Retry-After': 0 }).end('busy\n');
  else response.end('at last\n');
}

function refuse(request, response) {
  response.writeHead(403, request.stream ? {} : { Connection: 'close' });
  response.end('not here\n');
}

function hint(request, response) {
  response.writeEarlyHints({ link: '</style.css>; rel=preload' });
  if (request.stream) {
    response.addTrailers({ 'X-Sum': '7' });
  } else {
    response.setHeader('Trailer', 'X-Sum');
    response.write('after the ');
    response.addTrailers({ 'X-Sum': '7' });
    return response.end('hints\n');
  }
  response.end('after the hints\n');
}

function sendBig(request, response) {
  response.writeHead(200, { 'Content-Length': fs.statSync(big).size });
  if (request.method === 'HEAD') response.end();
  else fs.createReadStream(big).pipe(response);
}

async function redirect(request, response, status) {
  if (!request.url.endsWith('?now')) await whole(request);
  response.writeHead(status, { Location: '/echo' }).end();
}

function setCookie(request, response) {
  response.setHeader('Set-Cookie', 'color=red; Path=/');
  response.end(request.headers.cookie ?? '');
}

const targets = {
  '/hello': (request, response) => response.end('hello, world!\n'),
  '/count': count,
  '/big': sendBig,
  '/echo': (request, response) => request.pipe(response.writeHead(200, { 'X-Method': request.method })),
  '/gzip': (request, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(zlib.gzipSync(text)),
  '/form': tellForm,
  '/who': (request, response) => response.end(who(request)),
  '/close': (request, response) => response.writeHead(200, { Connection: 'close' }).end(who(request)),
  '/cookies': setCookie,
  '/user': (request, response) => response.end(request.headers.authorization ?? ''),
  '/cut': cut,
  '/refuse': refuse,
  '/hints': hint,
};

function handle(request, response) {
  const [, first, second] = request.url.split('/');
  if (first === 'redirect') redirect(request, response, parseInt(second));
  else if (first === 'busy') answerAtLast(request, response);
  else (targets[request.url] ?? (() => response.writeHead(404).end()))(request, response);
}

const pair = { cert: fs.readFileSync(path.join(place, 'server.pem')), key: fs.readFileSync(path.join(place, 'server.key')) };
const servers = [http.createServer(handle), http2.createSecureServer({ ...pair, allowHTTP1: true }, handle), http2.createServer(handle)];
await Promise.all(servers.map((server) => new Promise((done) => server.listen(0, 'localhost', done))));
console.log(servers.map((server) => server.address().port).join(' '));
