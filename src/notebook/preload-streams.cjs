/** Output that arrives whole: no message lost in a burst, and many small writes sent as one message. */
'use strict';

const { StringDecoder } = require('node:string_decoder');
const { clearTimeout, setTimeout } = require('node:timers');

/** Jupyter's server drops output above 1,000 messages a second, so writes within this time travel together. */
const GATHER_MILLISECONDS = 20;
const GATHER_CHARACTERS = 16_384;

/**
 * tslab never awaits its sends. ZeroMQ allows one pending send per socket, so once the peer is some 500 messages behind
 * every further one, the closing `idle` included, is refused and lost. Without a high water mark no send ever waits.
 */
function mendPublisher(zeromq) {
  const { Publisher } = zeromq;
  const bind = Publisher.prototype.bind;
  // The prototype's own properties are not writable: an assignment would throw.
  Object.defineProperty(Publisher.prototype, 'bind', {
    configurable: true,
    writable: true,
    value(address) {
      this.sendTimeout = 0;
      this.sendHighWaterMark = 0;
      return bind.call(this, address);
    },
  });
}

/** Sends the first write at once and gathers those that follow closely; `flush` before any other message, or the order of outputs is lost. */
function createGatherer(send) {
  let name = '';
  let text = '';
  let sent = 0;
  let timer;
  function flush() {
    clearTimeout(timer);
    timer = undefined;
    if (text === '') return;
    const content = { name, text };
    text = '';
    sent = Date.now();
    send(content);
  }
  function write(stream, chunk) {
    if (stream !== name) flush();
    name = stream;
    text += chunk;
    // A cell that computes without a pause runs no timers, so the clock is looked at here too.
    if (text.length >= GATHER_CHARACTERS || Date.now() - sent >= GATHER_MILLISECONDS) flush();
    else timer ??= setTimeout(flush, GATHER_MILLISECONDS);
  }
  return { flush, write };
}

/** A stand-in for `process.stdout.write` that keeps its contract: split characters are joined, callbacks are called. */
function createWriter(write) {
  const decoder = new StringDecoder('utf8');
  return (chunk, encoding, callback) => {
    write(typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk)));
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
}

module.exports = { createGatherer, createWriter, mendPublisher };
