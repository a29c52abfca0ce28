// What a proxy has behind it, of Node: proxy_peer.mjs prints its port.
import http from 'node:http';

const server = http.createServer((request, response) => {
        switch (request.url) {
        case '/echo':
                request.pipe(response);
                break;
        case '/headers':
                response.end(JSON.stringify(request.headers));
                break;
        case '/hints':
                response.writeEarlyHints({link: '</style.css>; rel=preload'}, () => response.end('hinted'));
                break;
        case '/trailers':
                response.writeHead(200, {Trailer: 'X-Sum'});
                response.write('with ');
                response.addTrailers({'X-Sum': '7'});
                response.end('trailers');
                break;
        case '/events':
                response.writeHead(200, {'Content-Type': 'text/event-stream'});
                response.write('data: first\n\n');
                request.socket.on('close', () => console.log('gone'));
                break;
        case '/refuse':
                response.writeHead(413, {Connection: 'close'});
                response.end('too much');
                break;
        case '/break':
                response.write('half');
                setImmediate(() => response.destroy());
                break;
        default:
                response.end('hello');
        }
});

server.keepAliveTimeout = Number(process.argv[2] ?? 5000);
server.on('checkContinue', (request, response) => {
        if (request.url === '/refuse') {
                response.writeHead(403);
                response.end('no');
                return;
        }
        response.writeContinue();
        request.pipe(response);
});
server.on('upgrade', (request, socket, head) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
        socket.write(head);
        socket.on('data', data => socket.write(data));
        socket.on('end', () => socket.end('bye'));
        socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
