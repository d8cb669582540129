// Answers each request with its own reading of it, in the field X-Reading. Node's parser is llhttp.
// Usage: node node.mjs SOCKET
import http from 'node:http';

const hex = (text) => Buffer.from(text, 'latin1').toString('hex');
const pairs = (flat) => {
  const out = [];
  for (let i = 0; i < flat.length; i += 2) out.push(`${hex(flat[i])}=${hex(flat[i + 1])}`);
  return out.join(',');
};

const server = http.createServer({ maxHeaderSize: 65536, keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
  const body = [];
  request.on('data', (piece) => body.push(piece));
  request.on('end', () => {
    const reading = [
      `method:${hex(request.method)}`,
      `target:${hex(request.url)}`,
      `body:${Buffer.concat(body).toString('hex')}`,
      `fields:${pairs(request.rawHeaders)}`,
      `trailers:${pairs(request.rawTrailers)}`,
    ];
    response.setHeader('X-Reading', reading.join(';'));
    response.setHeader('Content-Length', '0');
    // llhttp reads no further behind a request for an upgrade: do not let the other side wait.
    if (request.headers.upgrade !== undefined && /upgrade/i.test(request.headers.connection)) response.setHeader('Connection', 'close');
    response.end();
  });
});
server.maxHeadersCount = 0;
server.headersTimeout = 0;
server.listen(process.argv[2], () => console.log('ready'));
// The test holds the other end of stdin: when it is gone, so is its reason to run.
process.stdin.on('end', () => process.exit()).resume();
