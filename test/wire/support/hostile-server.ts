// A web server of somebody else: an empty page for every path, with which a test then does what a hostile page would do.
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<!doctype html><title>Win a phone</title><link rel="icon" href="data:,"><p>Win a phone</p>');
}).listen(80, () => process.stdout.write('ready\n'));
