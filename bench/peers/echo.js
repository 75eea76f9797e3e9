// SPDX-License-Identifier: MIT
// echo.js echo|pieces|greet: the services in Node, as its documentation shows them.
'use strict';
const net = require('net');

const PIECE = 64;
const GREETING = Buffer.alloc(64, 'm');

const services = {
  echo: (socket) => socket.pipe(socket),
  pieces: (socket) => socket.on('data', (data) => {
    for (let at = 0; at < data.length; at += PIECE) socket.write(data.subarray(at, at + PIECE));
  }),
  greet: (socket) => socket.end(GREETING),
};

const server = net.createServer({noDelay: true}, (socket) => {
  socket.on('error', () => socket.destroy());
  services[process.argv[2]](socket);
});
server.listen({port: 0, host: '127.0.0.1', backlog: 4096}, () => {
  console.log(server.address().port);
});
