// What npm's ws makes of our server as its client; it is asked for by require(), which looks into NODE_PATH.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const WebSocket = createRequire(import.meta.url)('ws');
const { PLAIN, TLS, PLACE } = process.env;
const ca = fs.readFileSync(`${PLACE}/root.pem`);
const big = fs.readFileSync(`${PLACE}/files/big.bin`);
const long = fs.readFileSync(`${PLACE}/files/text.txt`, 'utf8');

for (const url of [PLAIN, TLS]) {
  for (const compression of [false, true, { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }]) {
    test(`${new URL(url).protocol} compression: ${JSON.stringify(compression)}`, async () => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/websocket`, 'chat', { ca, perMessageDeflate: compression });
      await once(socket, 'open');
      assert.equal(socket.protocol, 'chat');
      assert.equal(socket.extensions.startsWith('permessage-deflate'), compression !== false);
      for (const message of ['', 'a', 'ä€😀'.repeat(1000), long]) {
        socket.send(message);
        assert.equal(String((await once(socket, 'message'))[0]), message);
      }
      socket.send(big);
      assert.deepEqual((await once(socket, 'message'))[0], big);
      socket.send('in ', { fin: false });
      socket.send('pieces', { fin: true });
      assert.equal(String((await once(socket, 'message'))[0]), 'in pieces');
      socket.ping('still there?');
      assert.equal(String((await once(socket, 'pong'))[0]), 'still there?');
      socket.close(4000, 'done');
      assert.deepEqual((await once(socket, 'close'))[0], 4000);
    });
  }
}
