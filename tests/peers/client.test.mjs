// What Node's clients make of our server: http, http2 and fetch. Run by test_node.py, which says by the environment where it is.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, test } from 'node:test';

const { PLAIN, TLS, MUTUAL, PLACE } = process.env;
const read = (name) => fs.readFileSync(`${PLACE}/${name}`);
const ca = read('root.pem');
const certificate = { cert: read('client.pem'), key: read('client.key') };
const big = read('files/big.bin');
const sum = big.reduce((a, b) => a + b);

/** In pieces, so without a length. */
function* pieces() {
  for (let at = 0; at < big.length; at += 100000) yield big.subarray(at, at + 100000);
}

// By http and https, with connections that are kept.

const agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true, ca }) };
after(() => Object.values(agents).forEach((agent) => agent.destroy()));

/** Send a request by HTTP/1.1: the answer when it begins. */
function send(url, { body, informed, ...options } = {}) {
  const { protocol } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = (protocol === 'http:' ? http : https).request(url, { agent: agents[protocol], ...options }, resolve);
    request.on('error', reject);
    request.on('information', (what) => informed?.push([what.statusCode, what.headers.link]));
    if (options.headers?.Expect) request.on('continue', () => request.end(body));
    else if (body?.next) Readable.from(body).pipe(request);
    else request.end(body);
  });
}

for (const url of [PLAIN, TLS]) {
  test(`http: ${new URL(url).protocol}`, async (t) => {
    await t.test('gets', async () => {
      assert.equal(await text(await send(`${url}/hello`)), 'hello, world!\n');
      assert.deepEqual(await buffer(await send(`${url}/files/big.bin`)), big);
      assert.equal((await text(await send(`${url}/count`))).length, 108890);
      assert.equal((await send(`${url}/files/big.bin`, { method: 'HEAD' })).headers['content-length'], String(big.length));
    });
    await t.test('many at once', async () => {
      const answers = await Promise.all(Array.from({ length: 300 }, async () => text(await send(`${url}/hello`))));
      assert.ok(answers.every((answer) => answer === 'hello, world!\n'));
    });
    await t.test('sends', async () => {
      for (const options of [{ body: big }, { body: pieces() }, { body: big, headers: { Expect: '100-continue' } }])
        assert.deepEqual(await buffer(await send(`${url}/echo`, { method: 'POST', ...options })), big);
      const answer = await send(`${url}/refuse`, { method: 'POST', headers: { Expect: '100-continue', 'Content-Length': 5 } });
      assert.equal(answer.statusCode, 403);
      answer.resume();
    });
    await t.test('is told what comes before and behind an answer', async () => {
      const informed = [];
      assert.equal(await text(await send(`${url}/hints`, { informed })), 'after the hints\n');
      assert.deepEqual(informed, [[103, '</files/style.css>; rel=preload; as=style']]);
      const answer = await send(`${url}/trailers`, { method: 'POST', body: 'abc' });
      assert.equal(await text(answer), 'see below\n');
      assert.equal(answer.trailers['x-length'], '3');
    });
    await t.test('goes', async () => {
      const answer = await send(`${url}/wait`);
      await new Promise((resolve) => answer.once('data', resolve));
      answer.destroy();
      assert.equal(await text(await send(`${url}/gone`)), 'gone\n');
    });
  });
}

test('http: with a certificate, and by a UNIX socket', async () => {
  assert.equal(await text(await send(MUTUAL, { agent: new https.Agent({ ca, ...certificate }) })), 'hello, world!\n');
  await assert.rejects(send(MUTUAL).then(text));
  assert.equal(await text(await send('http://localhost/hello', { socketPath: `${PLACE}/socket` })), 'hello, world!\n');
});

// By http2, on one connection.

for (const url of [PLAIN, TLS]) {
  test(`http2: ${new URL(url).protocol}`, async (t) => {
    const session = http2.connect(url, { ca });
    t.after(() => session.close());
    /** Send a request: its stream, and the answer's headers. */
    const ask = async (path, headers = {}, body = null, options = {}) => {
      const stream = session.request({ ':path': path, ...headers }, { endStream: body === null, ...options });
      if (body?.next) Readable.from(body).pipe(stream);
      else if (body !== null) stream.end(body);
      const answer = await new Promise((resolve, reject) => stream.once('response', resolve).once('error', reject));
      return [stream, answer];
    };
    const post = { ':method': 'POST' };

    await t.test('gets', async () => {
      assert.deepEqual(await buffer((await ask('/files/big.bin'))[0]), big);
      const [stream, answer] = await ask('/nothing');
      assert.equal(answer[':status'], 404);
      await buffer(stream);
    });
    await t.test('many at once', async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, async () => buffer((await ask('/files/big.bin'))[0])));
      assert.ok(answers.every((answer) => answer.equals(big)));
    });
    await t.test('sends', async () => {
      assert.deepEqual(await buffer((await ask('/echo', post, big))[0]), big);
      assert.deepEqual(await buffer((await ask('/echo', post, pieces()))[0]), big);
      assert.deepEqual(await buffer((await ask('/duplex', post, pieces()))[0]), big);
    });
    await t.test('takes turns', async () => {
      const stream = session.request({ ':path': '/duplex', ...post });
      for (let turn = 0; turn < 50; turn++) {
        const came = new Promise((resolve) => stream.once('data', resolve));
        stream.write(`turn ${turn}`);
        assert.equal(String(await came), `turn ${turn}`);
      }
      stream.end();
      assert.equal(await text(stream), '');
    });
    await t.test('is told what comes before and behind an answer', async () => {
      let hinted, trailers;
      const stream = session.request({ ':path': '/hints' });
      stream.on('headers', (headers) => { hinted = headers; });
      assert.equal(await text(stream), 'after the hints\n');
      assert.equal(hinted[':status'], 103);
      const asking = session.request({ ':path': '/trailers', ...post }, { waitForTrailers: true });
      asking.on('wantTrailers', () => asking.sendTrailers({ 'x-behind': 'here I am' }));
      asking.on('trailers', (headers) => { trailers = headers; });
      asking.end(big);
      assert.equal(await text(asking), 'see below\n');
      assert.equal(trailers['x-length'], String(big.length));
      assert.equal(trailers['x-sent'], 'here I am');
    });
    await t.test('goes', async () => {
      const [stream] = await ask('/wait');
      await new Promise((resolve) => stream.once('data', resolve));
      stream.close(http2.constants.NGHTTP2_CANCEL);
      assert.equal(await text((await ask('/gone'))[0]), 'gone\n');
    });
  });
}

// By fetch, which is undici. It is told whom to trust when it starts (NODE_EXTRA_CA_CERTS).

for (const url of [PLAIN, TLS]) {
  test(`fetch: ${new URL(url).protocol}`, async (t) => {
    await t.test('gets', async () => {
      const answer = await fetch(`${url}/count`);
      assert.match(answer.headers.get('content-encoding'), /^(br|gzip|zstd)$/);
      assert.equal((await answer.text()).length, 108890);
      assert.deepEqual(Buffer.from(await (await fetch(`${url}/files/big.bin`)).arrayBuffer()), big);
    });
    await t.test('sends', async () => {
      for (const body of [big, Readable.from(pieces())]) {
        const answer = await fetch(`${url}/echo`, { method: 'POST', body, duplex: 'half' });
        assert.deepEqual(Buffer.from(await answer.arrayBuffer()), big);
      }
      const form = new FormData();
      form.append('color', 'röd');
      form.append('file', new Blob([big], { type: 'image/png' }), 'a.png');
      assert.equal(await (await fetch(`${url}/form`, { method: 'POST', body: form })).text(),
        `color=röd\nfile: a.png, image/png, ${big.length} bytes, sum ${sum}\n`);
    });
    await t.test('is refused, and asks on', async () => {
      for (let i = 0; i < 20; i++) {
        assert.equal((await fetch(`${url}/refuse`, { method: 'POST', body: 'abc' })).status, 403);
        assert.equal(await (await fetch(`${url}/close`)).text(), 'the last one\n');
      }
    });
    await t.test('goes', async () => {
      const control = new AbortController();
      const answer = await fetch(`${url}/wait`, { signal: control.signal });
      await answer.body.getReader().read();
      control.abort();
      assert.equal(await (await fetch(`${url}/gone`)).text(), 'gone\n');
    });
  });
}
